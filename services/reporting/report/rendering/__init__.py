"""From a document to a typeset PDF: charts, page data, templates, and the process that prints."""
