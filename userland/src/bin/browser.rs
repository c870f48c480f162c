//! `browser [quiet] URL...`: fetches pages and what they refer to, and shows them as text.
//!
//! A name is resolved once; connections are kept and used again for the same server, as browsers do.

use super::net::{dns, fail, http};
use super::steps::Step;
use crate::sys::{RustImage, Sys};
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddrV4};

/// What must be known to get something.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Url {
    host: String,
    port: u16,
    target: String,
}

fn parse(url: &str) -> Option<Url> {
    let rest = url.strip_prefix("http://").unwrap_or(url);
    let (server, target) = match rest.find('/') {
        Some(at) => rest.split_at(at),
        None => (rest, "/"),
    };
    let (host, port) = match server.split_once(':') {
        Some((host, port)) => (host, port.parse().ok()?),
        None => (server, 80),
    };
    let is_whole = !host.is_empty() && !target.contains(char::is_whitespace);
    is_whole.then(|| Url { host: host.to_owned(), port, target: target.to_owned() })
}

/// The targets that a page refers to and that a browser fetches unasked: style sheets, scripts and pictures.
fn referred(page: &str) -> Vec<String> {
    let mut found = Vec::new();
    for tag in page.split('<').skip(1) {
        let attribute = match tag.split([' ', '>']).next() {
            Some("link") => "href=\"",
            Some("img" | "script") => "src=\"",
            _ => continue,
        };
        let value = tag.split_once(attribute).and_then(|(_, rest)| rest.split('"').next());
        found.extend(value.filter(|value| value.starts_with('/')).map(str::to_owned));
    }
    found
}

/// A page without its tags and empty lines.
fn text_of(page: &str) -> String {
    let (mut text, mut is_tag) = (String::new(), false);
    for character in page.chars() {
        match character {
            '<' => {
                is_tag = true;
                text.push(' ');
            }
            '>' => is_tag = false,
            other if !is_tag => text.push(other),
            _ => {}
        }
    }
    let plain = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    let words = plain.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    words.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

/// Names that were resolved, connections that are open, and who this is to the server.
#[derive(Default)]
struct Browser {
    names: BTreeMap<String, Ipv4Addr>,
    links: BTreeMap<SocketAddrV4, u64>,
    session: Option<String>,
}

impl Browser {
    /// Gets one thing.
    async fn get(&mut self, sys: &Sys, url: &Url) -> Result<http::Response, http::Failure> {
        Step::Issued.mark(sys, url.target.len() as u64).await;
        let address = match self.names.get(&url.host) {
            Some(&address) => address,
            None => {
                let address = dns::resolve(sys, &url.host).await?;
                self.names.insert(url.host.clone(), address);
                address
            }
        };
        Step::Resolved.mark(sys, u64::from(u32::from(address))).await;
        let server = SocketAddrV4::new(address, url.port);
        let kept = self.links.remove(&server);
        let mut result = Err(http::Failure::Closed);
        if let Some(link) = kept {
            result = self.ask(sys, link, url).await;
            if result.is_err() {
                let _ = sys.close(link).await;
            }
        }
        // A server may close a connection that was kept; then a new one is tried, once.
        let link = match (kept, &result) {
            (Some(link), Ok(_)) => link,
            _ => {
                let link = sys.tcp_connect(server).await?;
                result = self.ask(sys, link, url).await;
                link
            }
        };
        match &result {
            Ok(response) if response.is_kept => {
                self.links.insert(server, link);
            }
            _ => {
                let _ = sys.close(link).await;
            }
        }
        result
    }

    async fn ask(
        &mut self,
        sys: &Sys,
        link: u64,
        url: &Url,
    ) -> Result<http::Response, http::Failure> {
        let mut head = format!("GET {} HTTP/1.1\r\nHost: {}\r\n", url.target, url.host);
        if let Some(session) = &self.session {
            head += &format!("Cookie: {session}\r\n");
        }
        sys.send_all(link, (head + "\r\n").as_bytes()).await?;
        let response = http::read_response(sys, link, &mut Vec::new()).await?;
        if let Some(cookie) = http::field(&response.fields, "Set-Cookie") {
            self.session = cookie.split(';').next().map(str::to_owned);
        }
        Ok(response)
    }
}

/// Fetches a page, shows it, and fetches what it refers to. Whether the server answered.
async fn visit(sys: &Sys, browser: &mut Browser, name: &str, is_quiet: bool) -> bool {
    /// The most of a page that is shown.
    const SHOWN: usize = 1200;
    let Some(url) = parse(name) else {
        fail(sys, "browser", &format!("{name}: not a URL")).await;
        return false;
    };
    let response = match browser.get(sys, &url).await {
        Ok(response) => response,
        Err(failure) => {
            fail(sys, "browser", &format!("{name}: {failure:?}")).await;
            return false;
        }
    };
    let page = String::from_utf8_lossy(&response.body).into_owned();
    let is_page = http::field(&response.fields, "Content-Type") == Some("text/html");
    let (status, length) = (response.status, response.body.len());
    let mut shown = format!("{name}: {status} {}, {length} bytes\n", http::reason(status));
    if !is_quiet && is_page {
        let text: String = text_of(&page).chars().take(SHOWN).collect();
        shown += &(text + "\n");
    }
    let _ = sys.write(1, shown.as_bytes()).await;
    Step::Shown.mark(sys, length as u64).await;
    let parts = if is_page { referred(&page) } else { Vec::new() };
    for target in parts {
        let part = Url { target, ..url.clone() };
        let line = match browser.get(sys, &part).await {
            Ok(response) => format!("  {}: {}\n", part.target, response.status),
            Err(failure) => format!("  {}: {failure:?}\n", part.target),
        };
        let _ = sys.write(1, line.as_bytes()).await;
    }
    true
}

async fn main(sys: Sys) -> u64 {
    let arguments = sys.arguments().await;
    let is_quiet = arguments.get(1).is_some_and(|argument| argument == "quiet");
    let (mut browser, mut failed) = (Browser::default(), 0);
    for name in arguments.iter().skip(1 + usize::from(is_quiet)) {
        failed += u64::from(!visit(&sys, &mut browser, name, is_quiet).await);
    }
    failed.min(255)
}

pub(super) fn image() -> RustImage {
    RustImage::new("browser", main)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_and_pages_are_taken_apart() {
        let url = parse("http://www:8080/a?b=1").expect("a URL");
        assert_eq!((url.host.as_str(), url.port, url.target.as_str()), ("www", 8080, "/a?b=1"));
        assert_eq!(parse("http://www").expect("a URL").target, "/");
        assert!(parse("http:///x").is_none() && parse("http://www:x/").is_none());
        let page = "<html><link rel=\"stylesheet\" href=\"/s.css\"><h1>A &lt; B</h1>\n\n<img src=\"/p.png\">";
        assert_eq!(referred(page), ["/s.css", "/p.png"]);
        assert_eq!(text_of(page), "A < B");
    }
}
