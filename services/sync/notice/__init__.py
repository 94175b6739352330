"""Notice: that something happened which people and programs may want to be told."""
