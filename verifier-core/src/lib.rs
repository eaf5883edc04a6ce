//! The phone's engine: decide, record, sync.
