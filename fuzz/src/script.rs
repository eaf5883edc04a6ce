//! Bytes read as a script: small numbers and pieces, in order.

/// What is left of a script; nothing but zeros once it is over.
pub(crate) struct Script<'b>(&'b [u8]);

impl<'b> Script<'b> {
    pub(crate) fn of(bytes: &'b [u8]) -> Self {
        Script(bytes)
    }

    pub(crate) fn is_over(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn byte(&mut self) -> u8 {
        let (first, rest) = self.0.split_first().unwrap_or((&0, &[]));
        self.0 = rest;
        *first
    }

    pub(crate) fn number(&mut self) -> usize {
        usize::from(u16::from_be_bytes([self.byte(), self.byte()]))
    }

    /// A piece, after its length.
    pub(crate) fn bytes(&mut self) -> Vec<u8> {
        let len = self.number();
        self.take(len)
    }

    /// The next bytes, as many as there are.
    pub(crate) fn take(&mut self, len: usize) -> Vec<u8> {
        let (taken, rest) = self.0.split_at(len.min(self.0.len()));
        self.0 = rest;
        taken.to_vec()
    }
}
