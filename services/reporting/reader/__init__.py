"""Reader: who gets the monthly report by mail."""
