//! Who may ask: whoever reaches the loopback address by its name, from a page of its own. A page of
//! another site in the same browser is refused, whatever name it has made point here.

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// Pages load from here only, are framed by nobody, and are kept by no cache. A page names its own origin
/// to us and to nobody else: without it a browser sends `Origin: null` with our own form.
const HEADERS: [(header::HeaderName, &str); 5] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "same-origin"),
    (header::CACHE_CONTROL, "no-store"),
];

/// Lets a request pass, or says why not.
pub async fn guard(request: Request<Body>, next: Next) -> Response {
    let refused = match (is_ours(request.headers(), &header::HOST), request.method()) {
        (false, _) => Some("the Host header is not a loopback address"),
        (true, &Method::GET | &Method::HEAD) => None,
        (true, _) if !has_own_origin(request.headers()) => Some("the Origin is another site"),
        (true, _) => None,
    };
    let mut response = match refused {
        Some(why) => (StatusCode::FORBIDDEN, why).into_response(),
        None => next.run(request).await,
    };
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Whether a request without an origin, or with our own, came.
fn has_own_origin(headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let origin = origin.to_str().unwrap_or_default();
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    origin.strip_prefix("http://") == Some(host)
}

/// Whether a header names loopback.
fn is_ours(headers: &HeaderMap, name: &header::HeaderName) -> bool {
    let host = headers.get(name).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name == "localhost" || name == "::1" || name == "127.0.0.1"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(host: &'static str, origin: Option<&'static str>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_static(host));
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, HeaderValue::from_static(origin));
        }
        headers
    }

    #[test]
    fn other_names_and_other_sites_are_refused() {
        for host in ["127.0.0.1:8080", "localhost", "[::1]:8080"] {
            assert!(is_ours(&headers(host, None), &header::HOST), "{host}");
        }
        for host in ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:8080", ""] {
            assert!(!is_ours(&headers(host, None), &header::HOST), "{host}");
        }
        assert!(has_own_origin(&headers("localhost:8080", None)));
        assert!(has_own_origin(&headers("localhost:8080", Some("http://localhost:8080"))));
        assert!(!has_own_origin(&headers("localhost:8080", Some("http://evil.example"))));
        assert!(!has_own_origin(&headers("localhost:8080", Some("null"))));
    }
}
