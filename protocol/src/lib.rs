//! What travels between phone, server and switch, and its checks.
