//! A person with a browser, as far as a sign-in needs one: it keeps cookies, follows redirects, and fills in forms.

use std::collections::BTreeMap;

use reqwest::Client;
use reqwest::header::{ACCEPT, CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use url::{Url, form_urlencoded};

use super::authority::client;

/// More redirects than any sign-in has.
const PATIENCE: usize = 20;

/// A browser that was just opened: nobody is signed in.
pub(super) struct Browser {
    client: Client,
    /// By host; ports count for nothing, as in browsers.
    cookies: BTreeMap<String, BTreeMap<String, String>>,
}

/// What a browser shows.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) url: Url,
    pub(super) status: u16,
    pub(super) html: String,
}

impl Browser {
    pub(super) fn new() -> Self {
        Self { client: client(), cookies: BTreeMap::new() }
    }

    /// Opens an address, and whatever it leads to.
    pub(super) async fn open(&mut self, address: &str) -> Page {
        self.go(address.parse().expect("it is an address"), None).await
    }

    /// Sends the page's form with its hidden fields and these.
    pub(super) async fn submit(&mut self, page: &Page, fields: &[(&str, &str)]) -> Page {
        let form = tags(&page.html, "form").next().unwrap_or_else(|| panic!("there is no form: {page:?}"));
        let action = attribute(form, "action").expect("the form leads somewhere");
        let mut body = form_urlencoded::Serializer::new(String::new());
        for input in tags(&page.html, "input").filter(|tag| attribute(tag, "type") == Some("hidden")) {
            body.append_pair(
                attribute(input, "name").unwrap_or_default(),
                attribute(input, "value").unwrap_or_default(),
            );
        }
        let body = body.extend_pairs(fields).finish();
        let address = page.url.join(&action.replace("&amp;", "&")).expect("it is an address");
        self.go(address, Some(body)).await
    }

    /// Clicks on the link with that text in its address.
    pub(super) async fn click(&mut self, page: &Page, part: &str) -> Page {
        let mut links = tags(&page.html, "a").filter_map(|tag| attribute(tag, "href"));
        let link = links.find(|link| link.contains(part)).unwrap_or_else(|| panic!("no {part} in {page:?}"));
        let address = page.url.join(&link.replace("&amp;", "&")).expect("it is an address");
        self.go(address, None).await
    }

    /// Signs in and consents, wherever the page asks for that.
    pub(super) async fn sign_in(&mut self, mut page: Page, account: &str) -> Page {
        for _ in 0..3 {
            page = if page.html.contains("name=\"login\"") {
                self.submit(&page, &[("login", account), ("password", "canary-password")]).await
            } else if page.html.contains("value=\"consent\"") {
                self.submit(&page, &[]).await
            } else {
                break;
            };
        }
        page
    }

    /// Enters the code that a device shows, and confirms it.
    pub(super) async fn enter_code(&mut self, address: &str, code: &str) -> Page {
        let page = self.open(address).await;
        let page = self.submit(&page, &[("user_code", code)]).await;
        self.submit(&page, &[]).await
    }

    async fn go(&mut self, mut address: Url, mut form: Option<String>) -> Page {
        for _ in 0..PATIENCE {
            let host = address.host_str().expect("it has a host").to_owned();
            let jar = self.cookies.entry(host).or_default();
            let cookies: Vec<String> = jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let request = match form.take() {
                Some(body) => self
                    .client
                    .post(address.clone())
                    .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                    .body(body),
                None => self.client.get(address.clone()),
            };
            let request = request.header(COOKIE, cookies.join("; ")).header(ACCEPT, "text/html");
            let response = request.send().await.unwrap_or_else(|error| panic!("{address}: {error}"));
            for cookie in response.headers().get_all(SET_COOKIE) {
                let cookie = cookie.to_str().expect("it is text").split(';').next().unwrap_or_default();
                let (name, value) = cookie.split_once('=').expect("it is a cookie");
                if value.is_empty() {
                    jar.remove(name);
                } else {
                    jar.insert(name.to_owned(), value.to_owned());
                }
            }
            let status = response.status().as_u16();
            match response.headers().get(LOCATION) {
                Some(location) if response.status().is_redirection() => {
                    address = address.join(location.to_str().expect("it is text")).expect("it is an address");
                }
                _ => {
                    let html = response.text().await.expect("the page is whole");
                    return Page { url: address, status, html };
                }
            }
        }
        panic!("{address} leads nowhere");
    }
}

/// The start tags of that name, each from its name to its end.
fn tags<'a>(html: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let start = format!("<{name} ");
    let pieces: Vec<&str> = html.split(&start).skip(1).collect();
    pieces.into_iter().map(|piece| piece.split('>').next().unwrap_or_default())
}

fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let rest = tag.split_once(&format!("{name}=\""))?.1;
    Some(rest.split_once('"')?.0)
}
