//! Fuzz targets, one a decoder, with their corpora.
