//! The connector's properties, as the world's doc comment gives them.

use crate::doc::{Doc, Tags};

/// A rate limit: a number of calls per period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limit {
    /// The number of calls allowed in a period.
    pub(crate) calls: u32,
    /// The period in seconds.
    pub(crate) period: u32,
}

impl Limit {
    /// Reads `N per S seconds`.
    pub(crate) fn parse(tags: &Tags, text: &str) -> Result<Self, String> {
        let words: Vec<&str> = text.split(' ').collect();
        let limit = match words.as_slice() {
            [calls, "per", period, "seconds"] => calls.parse().ok().zip(period.parse().ok()),
            _ => None,
        };
        limit
            .filter(|(calls, period)| *calls > 0 && *period > 0)
            .map(|(calls, period)| Self { calls, period })
            .ok_or_else(|| tags.broken(&format!("`{text}` is not of the form `N per S seconds`")))
    }
}

/// The addresses of one cloud.
#[derive(Debug)]
pub(crate) struct Cloud {
    /// The cloud's name, such as `public`.
    pub(crate) name: String,
    /// The API's origin.
    pub(crate) api: String,
    /// The token authority's origin.
    pub(crate) authority: String,
    /// The scope of the tokens to request.
    pub(crate) scope: String,
}

/// The connector as a whole.
#[derive(Debug)]
pub(crate) struct World {
    /// The shared contract's package, such as `workflow:connector@0.1.0`.
    pub(crate) contract: String,
    /// The connector's name.
    pub(crate) name: String,
    /// The connector's title, for people.
    pub(crate) title: String,
    /// What the connector is for, in one paragraph.
    pub(crate) summary: String,
    /// The request quota of a connection.
    pub(crate) quota: Limit,
    /// The limits of functions that state none of their own.
    pub(crate) limits: Vec<Limit>,
    /// The environment variable that names the API's origin.
    pub(crate) api_url: String,
    /// The environment variable that holds a bearer token.
    pub(crate) access_token: String,
    /// The clouds; the first is the default.
    pub(crate) clouds: Vec<Cloud>,
    /// The token audiences that the API accepts.
    pub(crate) audiences: Vec<String>,
    /// The API's hosts as they appear in links in its replies; `*` stands for a region.
    pub(crate) hosts: Vec<String>,
}

impl World {
    /// Reads the world's doc comment.
    pub(crate) fn read(item: &str, contract: &str, docs: Option<&str>) -> Result<Self, String> {
        let Doc { summary: title, description, mut tags } = Doc::parse(item, docs)?;
        let name = tags.required("connector")?;
        let quota = tags.required("quota")?;
        let quota = Limit::parse(&tags, &quota)?;
        let limits = tags.all("limit");
        let limits = limits.iter().map(|text| Limit::parse(&tags, text)).collect::<Result<_, _>>()?;
        let environment = tags.all("environment");
        let variable = |purpose: &str| {
            let named = environment.iter().find_map(|text| text.strip_prefix(purpose)?.strip_prefix(' '));
            named.map(str::to_owned).ok_or_else(|| format!("{item}: @environment {purpose} is missing"))
        };
        let (api_url, access_token) = (variable("api-url")?, variable("access-token")?);
        if environment.len() != 2 {
            return Err(tags.broken("@environment names something else than api-url and access-token"));
        }
        let clouds = tags.all("cloud");
        let clouds: Vec<Cloud> = clouds.iter().map(|text| cloud(&tags, text)).collect::<Result<_, _>>()?;
        if clouds.is_empty() {
            return Err(tags.broken("@cloud is missing"));
        }
        let audiences = tags.all("audience");
        let hosts = tags.all("host");
        if let Some(host) = hosts.iter().find(|host| !is_host(host)) {
            return Err(tags.broken(&format!(
                "@host `{host}` is not a host name, with at most one `*` before a domain"
            )));
        }
        tags.finish()?;
        let summary = description.split("\n\n").next().unwrap_or_default().to_owned();
        let contract = contract.to_owned();
        Ok(Self {
            contract,
            name,
            title,
            summary,
            quota,
            limits,
            api_url,
            access_token,
            clouds,
            audiences,
            hosts,
        })
    }
}

/// Whether a pattern is a lower-case host in which `*` may stand for a region, followed by a domain of at
/// least two labels.
fn is_host(pattern: &str) -> bool {
    let fixed = pattern.split_once('*').map_or(pattern, |(_, domain)| domain);
    let letters = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.*".contains(&byte);
    pattern.bytes().all(letters) && !fixed.contains('*') && fixed.trim_start_matches('.').contains('.')
}

/// Reads `name api=… authority=… scope=…`.
fn cloud(tags: &Tags, text: &str) -> Result<Cloud, String> {
    let mut words = text.split_whitespace();
    let mut word = |prefix: &str| {
        words
            .next()
            .and_then(|word| word.strip_prefix(prefix))
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
    };
    let parts = (word(""), word("api="), word("authority="), word("scope="), words.next());
    match parts {
        (Some(name), Some(api), Some(authority), Some(scope), None) => {
            Ok(Cloud { name, api, authority, scope })
        }
        _ => Err(tags.broken(&format!("`{text}` is not of the form `name api=… authority=… scope=…`"))),
    }
}
