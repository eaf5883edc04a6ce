//! Pixels to QR symbols.
