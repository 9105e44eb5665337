//! Pages of a list, and the links between them.

use super::{ApiError, Query};
use axum::extract::{FromRef, FromRequestParts};
use http::request::Parts;
use oms_domain::{Error, Outcome};
use oms_runtime::config::Config;
use serde::Serialize;
use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;
use utoipa::ToSchema;

/// One page of a list, in the shape that all lists have.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Page<T> {
    /// How many entries all pages have together.
    pub count: u64,
    /// The next page; none after the last.
    pub next: Option<String>,
    /// The page before; none before the first.
    pub previous: Option<String>,
    /// The entries of this page.
    pub results: Vec<T>,
}

impl<T> Page<T> {
    /// The page that is wanted of a list that is known in full, such as an order's history.
    ///
    /// # Errors
    /// `InvalidPage` beyond the last page.
    pub fn of(all: Vec<T>, request: &PageRequest, links: &Links) -> Outcome<Self> {
        let count = u64::try_from(all.len()).unwrap_or(u64::MAX);
        let number = request.resolve(count)?;
        let size = u64::from(request.size);
        let before = (number - 1) * size;
        let few = |many: u64| usize::try_from(many).unwrap_or(usize::MAX);
        Ok(Self {
            count,
            next: (before + size < count).then(|| links.page(number + 1, None)),
            previous: (number > 1).then(|| links.page(number - 1, None)),
            results: all.into_iter().skip(few(before)).take(few(size)).collect(),
        })
    }
}

/// How many bytes a text takes within the answer of a function, where quotes and backslashes stand
/// behind a backslash.
pub fn sent_bytes(text: &[u8]) -> usize {
    text.len() + text.iter().filter(|byte| matches!(byte, b'"' | b'\\')).count()
}

/// Which page is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageNumber {
    /// The nth, from 1.
    Nth(u64),
    /// The last one, however many there are.
    Last,
}

/// Which part of a list is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageRequest {
    /// The page.
    pub number: PageNumber,
    /// Where the page begins, as the link that led here said; it spares counting up to there. Its
    /// seal held: it is what we wrote, for this list and these parameters.
    pub cursor: Option<String>,
    /// How many entries a page has, from 1 to `MAX_PAGE_SIZE`.
    pub size: u32,
}

impl PageRequest {
    /// Reads `page`, `page_size` and `cursor` of a request for the list at `path`. A `page_size`
    /// that makes no sense counts as none, and one that is too large is cut, as Django REST
    /// Framework does.
    ///
    /// # Errors
    /// `InvalidPage` where `page` is neither a number from 1 nor `last`, and for a cursor that we
    /// did not write for this page of this list.
    pub fn from_query(path: &str, query: &Query, config: &Config) -> Outcome<Self> {
        let size = query.get("page_size").and_then(|text| text.trim().parse::<u64>().ok());
        let size = size.filter(|size| *size > 0).map_or(config.page_size.get(), |size| {
            u32::try_from(size).unwrap_or(u32::MAX).min(config.max_page_size.get())
        });
        let number = match query.get("page").map(str::trim) {
            None | Some("") => PageNumber::Nth(1),
            Some("last") => PageNumber::Last,
            Some(text) => match text.parse() {
                Ok(number) if number > 0 => PageNumber::Nth(number),
                Ok(_) | Err(_) => return Err(Error::NoSuchPage),
            },
        };
        let cursor = match (query.filled("cursor"), number) {
            (None, _) => None,
            (Some(_), PageNumber::Last) => return Err(Error::NoSuchPage),
            (Some(sealed), PageNumber::Nth(number)) => {
                let opened = config.cursor_key.open(&bound_to(path, number, query), sealed);
                Some(opened.ok_or(Error::NoSuchPage)?)
            }
        };
        Ok(Self { number, cursor, size })
    }

    /// The page's number from 1, once the length of the list is known.
    ///
    /// # Errors
    /// `InvalidPage` beyond the last page. The first page always exists, even if it is empty.
    pub fn resolve(&self, count: u64) -> Outcome<u64> {
        let last = count.div_ceil(u64::from(self.size)).max(1);
        match self.number {
            // Whoever follows a link is on a page that was there: a count that lags behind the
            // list must not deny it.
            PageNumber::Nth(number) if self.cursor.is_some() && number <= u64::from(u32::MAX) => Ok(number),
            PageNumber::Last => Ok(last),
            PageNumber::Nth(number) if number <= last => Ok(number),
            PageNumber::Nth(_) => Err(Error::NoSuchPage),
        }
    }
}

impl<S> FromRequestParts<S> for PageRequest
where
    S: Send + Sync,
    Arc<Config>: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let query = Query::parse(parts.uri.query().unwrap_or_default());
        Ok(Self::from_query(parts.uri.path(), &query, &Arc::<Config>::from_ref(state))?)
    }
}

/// What a cursor is bound to: the page of the list, and whatever shapes the list.
fn bound_to(path: &str, number: u64, query: &Query) -> String {
    let mut bound = form_urlencoded::Serializer::new(format!("{path}?{number}&"));
    bound.extend_pairs(query.iter().filter(|(name, _)| !is_of_the_page(name)));
    bound.finish()
}

/// The parameters that say which page of a list is meant, rather than which list.
fn is_of_the_page(name: &str) -> bool {
    matches!(name, "page" | "cursor" | "explain")
}

/// The path that the client asked for, before it was brought into our one form.
#[derive(Clone, Debug)]
pub(super) struct AskedPath(pub(super) String);

/// Makes absolute links to other pages of the list that was asked for: same scheme, host, path
/// and parameters, another `page` and `cursor`.
#[derive(Clone, Debug)]
pub struct Links {
    base: String,
    /// The path in our one form, whichever the client used.
    path: String,
    query: Query,
    config: Arc<Config>,
}

impl fmt::Display for Links {
    /// The list itself, with all its parameters.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.base, self.query)
    }
}

impl Links {
    /// The link to a page, counted from 1, that begins at `cursor`. The first page needs neither.
    #[must_use]
    pub fn page(&self, number: u64, cursor: Option<&str>) -> String {
        self.to_page(number, cursor.filter(|_| number > 1))
    }

    fn to_page(&self, number: u64, cursor: Option<&str>) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(self.query.iter().filter(|(name, _)| !matches!(*name, "page" | "cursor")));
        if number > 1 || cursor.is_some() {
            query.append_pair("page", &number.to_string());
        }
        if let Some(cursor) = cursor {
            let bound_to = bound_to(&self.path, number, &self.query);
            query.append_pair("cursor", &self.config.cursor_key.seal(&bound_to, cursor));
        }
        let query = query.finish();
        if query.is_empty() { self.base.clone() } else { format!("{}?{query}", self.base) }
    }

    /// The link to what a page had no room for, behind a place on it: it counts as the same page.
    #[must_use]
    pub fn rest(&self, number: u64, cursor: &str) -> String {
        self.to_page(number, Some(cursor))
    }

    /// An absolute link to another path, which begins with `/`, on the same host.
    #[must_use]
    pub fn to(&self, path: &str) -> String {
        let origin = self.base.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
        format!("{origin}{path}")
    }
}

impl<S> FromRequestParts<S> for Links
where
    S: Send + Sync,
    Arc<Config>: FromRef<S>,
{
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let authority = parts.uri.authority().map(http::uri::Authority::as_str);
        let host = header("host").or(authority).unwrap_or("localhost");
        let scheme = match header("x-forwarded-proto").and_then(|list| list.split(',').next()) {
            Some(scheme) => scheme.trim(),
            None if is_this_machine(host) => "http",
            None => "https",
        };
        let path = parts.extensions.get::<AskedPath>().map_or(parts.uri.path(), |asked| &asked.0);
        let query = Query::parse(parts.uri.query().unwrap_or_default());
        Ok(Self {
            base: format!("{scheme}://{host}{path}"),
            path: parts.uri.path().to_owned(),
            query,
            config: Arc::from_ref(state),
        })
    }
}

fn is_this_machine(host: &str) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    matches!(name, "localhost" | "127.0.0.1" | "[::1]")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> Config {
        crate::testing::config(&[]).unwrap()
    }

    fn asked(query: &str) -> Outcome<PageRequest> {
        PageRequest::from_query("/api/orders/", &Query::parse(query), &config())
    }

    async fn links(uri: &str, headers: &[(&str, &str)]) -> Links {
        let mut request = http::Request::get(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        Links::from_request_parts(&mut parts, &Arc::new(config())).await.unwrap()
    }

    #[test]
    fn page_sizes_are_cut_and_nonsense_is_the_default() {
        let size = |query| asked(query).unwrap().size;
        assert_eq!((size(""), size("page_size=7"), size("page_size=1000")), (20, 7, 100));
        assert_eq!((size("page_size=0"), size("page_size=-1"), size("page_size=x")), (20, 20, 20));
        assert_eq!(size("page_size=99999999999"), 100);
    }

    #[test]
    fn pages_count_from_one_or_from_the_end() {
        assert_eq!(asked("page=3").unwrap().number, PageNumber::Nth(3));
        assert_eq!(asked("page=last").unwrap().resolve(41).unwrap(), 3);
        assert_eq!(asked("").unwrap().resolve(0).unwrap(), 1);
        for bad in ["page=0", "page=-1", "page=x", "page=1.5"] {
            assert!(matches!(asked(bad), Err(Error::NoSuchPage)), "{bad}");
        }
        assert!(matches!(asked("page=4").unwrap().resolve(41), Err(Error::NoSuchPage)));
    }

    #[tokio::test]
    async fn links_keep_the_clients_host_path_and_parameters() {
        let links = links(
            "/api/v1/orders/?ordering=a&ordering=b&page=2&cursor=old&status__in=a,b",
            &[("host", "api.example.com")],
        )
        .await;
        let next = links.page(3, Some("c+1"));
        let (page, cursor) = next.split_once("&cursor=").unwrap();
        assert_eq!(
            page,
            "https://api.example.com/api/v1/orders/?ordering=a&ordering=b&status__in=a%2Cb&page=3"
        );
        assert!(cursor.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
        assert_eq!(
            links.page(1, Some("c")),
            "https://api.example.com/api/v1/orders/?ordering=a&ordering=b&status__in=a%2Cb"
        );
        assert_eq!(links.to("/api/jobs/1/"), "https://api.example.com/api/jobs/1/");
    }

    #[tokio::test]
    async fn a_cursor_leads_to_the_page_and_the_list_that_it_was_made_for() {
        let links = links("/api/orders/?status=pending&explain=true", &[]).await;
        let next = links.page(2, Some("2026#x"));
        let query = next.split_once('?').unwrap().1;
        assert_eq!(asked(query).unwrap().cursor.as_deref(), Some("2026#x"));
        assert_eq!(asked(query).unwrap().resolve(0).unwrap(), 2, "it was there, whatever the count says");
        let foreign = [
            query.replace("page=2", "page=3"),
            query.replace("page=2", "page=last"),
            query.replace("pending", "shipped"),
            format!("{query}&page_size=5"),
            format!("{query}A"),
            "page=2&cursor=Mg".to_owned(),
        ];
        for query in foreign {
            assert!(matches!(asked(&query), Err(Error::NoSuchPage)), "{query}");
        }
        let elsewhere = PageRequest::from_query("/api/payments/", &Query::parse(query), &config());
        assert!(matches!(elsewhere, Err(Error::NoSuchPage)));
    }

    #[tokio::test]
    async fn the_scheme_is_the_proxys_or_plain_on_this_machine() {
        let local = links("/api/orders/", &[("host", "127.0.0.1:9000")]).await;
        assert_eq!(local.page(1, None), "http://127.0.0.1:9000/api/orders/");
        let proxied = [("host", "shop.example"), ("x-forwarded-proto", "http, https")];
        assert_eq!(links("/x/", &proxied).await.page(1, None), "http://shop.example/x/");
    }
}
