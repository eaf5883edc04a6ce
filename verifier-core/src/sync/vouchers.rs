//! Fetching the list of vouchers that name the provider, page by page. It is an aid: it takes the place of the one
//! that is held when all of it came, and whatever goes wrong leaves that one and stops nothing.

use super::{HttpRequest, HttpResponse, get};
use crate::vouchers::{MAX_PAGES, MAX_VOUCHERS, Page};
use protocol::printed::PrintedReference;
use protocol::{Error, Hash};
use std::collections::BTreeSet;

/// A list that is being fetched.
pub(super) struct Gathering {
    /// The pages that are held; one that the server says did not change is not sent again.
    held: Vec<Vec<u8>>,
    pages: Vec<Vec<u8>>,
    seen: BTreeSet<PrintedReference>,
    next: Option<String>,
}

/// How a list stands after a page.
pub(super) enum Gathered {
    More,
    /// All its pages came; they list so many vouchers.
    Whole {
        pages: Vec<Vec<u8>>,
        vouchers: usize,
    },
    /// There is none to be had now, or a page breaks a rule: the protocol's code.
    Failed(Option<&'static str>),
}

impl Gathering {
    /// Begins a list, with the pages of the one that is held.
    pub(super) fn begin(held: Vec<Vec<u8>>) -> Self {
        Gathering { held, pages: Vec::new(), seen: BTreeSet::new(), next: None }
    }

    /// The request for the next page.
    pub(super) fn request(&self, origin: &str, token: Option<&str>) -> HttpRequest {
        let path = match &self.next {
            None => "/v1/provider/vouchers".to_owned(),
            Some(next) => format!("/v1/provider/vouchers?after={next}"),
        };
        let mut request = get(origin, &path, token);
        request.max_response = Page::MAX_LEN;
        let held = self.held.get(self.pages.len());
        let etag = held.map(|page| format!("\"{}\"", Hash::of(page)));
        request.headers.extend(etag.map(|etag| ("if-none-match", etag)));
        request
    }

    /// Takes in the answer to the last request.
    pub(super) fn answer(&mut self, response: &HttpResponse) -> Gathered {
        let page = match (response.status, self.held.get(self.pages.len())) {
            (304, Some(held)) => held.clone(),
            (200, _) => response.body.clone(),
            _ => return Gathered::Failed(None),
        };
        match self.take(&page) {
            Ok(()) => self.pages.push(page),
            Err(error) => return Gathered::Failed(Some(error.code())),
        }
        if self.next.is_some() {
            return Gathered::More;
        }
        Gathered::Whole { pages: std::mem::take(&mut self.pages), vouchers: self.seen.len() }
    }

    /// Reads a page as the next one of this list: no voucher twice, no page after itself, and no more than a phone
    /// should keep.
    fn take(&mut self, page: &[u8]) -> protocol::Result<()> {
        let too_large = |len, max| Error::TooLarge { what: "list of vouchers", len, max };
        let Page { vouchers, next } = Page::read(page)?;
        for voucher in vouchers {
            if !self.seen.insert(voucher.reference) {
                let rule = "a voucher is listed once";
                return Err(Error::Rule { object: "list of vouchers", rule });
            }
        }
        if self.seen.len() > MAX_VOUCHERS {
            return Err(too_large(self.seen.len(), MAX_VOUCHERS));
        }
        if next.is_some() && self.pages.len() + 1 >= MAX_PAGES {
            return Err(too_large(MAX_PAGES + 1, MAX_PAGES));
        }
        if next.is_some() && next == self.next {
            let rule = "a page does not come after itself";
            return Err(Error::Rule { object: "list of vouchers", rule });
        }
        self.next = next;
        Ok(())
    }
}
