//! The pages on which the person decides. They need no scripts, so any browser or program can fill them in.

use bytes::Bytes;
use http::{HeaderValue, StatusCode};

use super::Person;
use crate::server::reply::Reply;

const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");

/// The page that asks for the code of a device.
pub(super) fn device(code: &str, person: &Person, app: &str) -> Reply {
    let asked = format!(
        "<p>Type the code that the program shows.</p>\
         <p><label>Code <input name=\"user_code\" value=\"{}\" autofocus autocomplete=\"off\"></label></p>",
        escaped(code)
    );
    page(StatusCode::OK, "Sign in on another device", &form(&asked, person, app, &[]))
}

/// The page that asks whether the application may act for the person.
pub(super) fn consent(person: &Person, app: &str, permissions: &[String]) -> Reply {
    page(StatusCode::OK, "Sign in", &form("", person, app, permissions))
}

/// A page that shows a message.
pub(super) fn told(status: StatusCode, title: &str, text: &str) -> Reply {
    page(status, title, &format!("<p>{}</p>", escaped(text)))
}

/// The page that sends a browser back with a form, as `response_mode=form_post` has it.
pub(super) fn posted(address: &str, pairs: &[(&str, &str)]) -> Reply {
    let hidden = |(name, value): &(&str, &str)| {
        format!("<input type=\"hidden\" name=\"{}\" value=\"{}\">", escaped(name), escaped(value))
    };
    let fields: String = pairs.iter().map(hidden).collect();
    let body = format!(
        "<form method=\"post\" action=\"{}\">{fields}<button>Continue</button></form>\
         <script>document.forms[0].submit()</script>",
        escaped(address)
    );
    page(StatusCode::OK, "Back to the program", &body)
}

/// A form that goes back to the address it came from.
fn form(asked: &str, person: &Person, app: &str, permissions: &[String]) -> String {
    let Person { name, username } = person;
    let list: String = permissions.iter().map(|name| format!("<li>{}</li>", escaped(name))).collect();
    let list = if list.is_empty() { list } else { format!("<p>It asks for:</p><ul>{list}</ul>") };
    format!(
        "<form method=\"post\">{asked}<p>You are {} ({}). May {} act for you?</p>{list}\
         <p><button name=\"decision\" value=\"accept\">Accept</button> \
         <button name=\"decision\" value=\"decline\">Decline</button></p></form>",
        escaped(name),
        escaped(username),
        escaped(app)
    )
}

fn page(status: StatusCode, title: &str, body: &str) -> Reply {
    let title = escaped(title);
    let html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{title}</title>\
         <body><h1>{title}</h1>{body}<p><small>A stand-in for tests: nothing here leaves this machine.</small></p></body></html>"
    );
    Reply::typed(status, HTML, Bytes::from(html))
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            _ => safe.push(letter),
        }
    }
    safe
}
