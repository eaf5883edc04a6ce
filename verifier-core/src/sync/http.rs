//! Requests and responses as values: the engine hands requests out and takes responses in, and
//! whoever runs it moves the bytes.

/// The method of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// GET.
    Get,
    /// HEAD.
    Head,
    /// POST.
    Post,
    /// PATCH.
    Patch,
}

impl Method {
    /// The method's name in HTTP.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Head => "HEAD",
            Method::Post => "POST",
            Method::Patch => "PATCH",
        }
    }
}

/// A request to be sent as it stands. Redirects are not to be followed.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpRequest {
    /// The method.
    pub method: Method,
    /// The absolute URL.
    pub url: String,
    /// The headers, names in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// The body; empty for none.
    pub body: Vec<u8>,
    /// How many bytes of the response's body to read at most; more is a broken response.
    pub max_response: usize,
}

impl std::fmt::Debug for HttpRequest {
    /// Leaves out headers and body, which hold tokens and personal data.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} ({} bytes)", self.method.name(), self.url, self.body.len())
    }
}

/// A response, whoever it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpResponse {
    /// The status.
    pub status: u16,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl HttpResponse {
    /// The first header of this lower-case name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(each, _)| each == name).map(|(_, value)| value.as_str())
    }
}

/// Why no response came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TransportFailure {
    /// No network, or the server's name or address cannot be reached.
    #[error("the server cannot be reached")]
    Unreachable,
    /// The connection broke, or no answer came in time. The request may have been carried out.
    #[error("the connection broke before the answer was whole")]
    Interrupted,
    /// The server's certificate is not trusted; often the device's clock is wrong.
    #[error("the server's certificate is not trusted; check the device's date and time")]
    Certificate,
}
