//! The pages of the shop, and how each is made.

use super::driver::{Driver, Failure, Reply};
use super::{cache, pool};
use crate::bin::steps::Step;
use crate::sys::Sys;
use oscope_kernel::base::Duration;

/// The template of all pages.
const TEMPLATE: &str = "<html><head><title>{{title}}</title>\
    <link rel=\"stylesheet\" href=\"/style.css\"></head>\n\
    <body><h1>{{title}}</h1>\n{{body}}\n<p>visit {{visit}}</p></body></html>\n";

/// How long the page that is only computed takes.
const COMPUTE: Duration = Duration::micros(300);

/// A page: its status, title and body.
pub(super) struct Page {
    pub(super) status: u16,
    title: String,
    body: String,
}

impl Page {
    fn new(status: u16, title: &str, body: String) -> Self {
        Self { status, title: title.to_owned(), body }
    }

    /// As HTML.
    pub(super) fn render(&self, visit: u64) -> String {
        TEMPLATE
            .replace("{{title}}", &escape(&self.title))
            .replace("{{visit}}", &visit.to_string())
            .replace("{{body}}", &self.body)
    }
}

/// Text that is to be no markup.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Rows as a table.
fn table(reply: &Reply) -> String {
    let cells = |cells: &mut dyn Iterator<Item = &str>, tag: &str| {
        let cells: String = cells.map(|cell| format!("<{tag}>{}</{tag}>", escape(cell))).collect();
        format!("<tr>{cells}</tr>\n")
    };
    let mut text = cells(&mut reply.columns.iter().map(String::as_str), "th");
    for row in &reply.rows {
        text += &cells(&mut row.iter().map(|cell| cell.as_deref().unwrap_or("")), "td");
    }
    format!("<table>\n{text}</table>")
}

/// The number behind `id=`.
fn id(query: &str) -> Option<u64> {
    query.split('&').find_map(|part| part.strip_prefix("id=")?.parse().ok())
}

/// Makes the page for a target such as `/app/product?id=7`.
pub(super) async fn make(sys: &Sys, area: u64, driver: &Driver, target: &str) -> Page {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let result = match (path, id(query)) {
        ("/app/hello", _) => {
            Step::AppDecided.mark(sys, 0).await;
            sys.compute(COMPUTE).await;
            let sum: u64 = (1..=100).sum();
            return Page::new(200, "Computed", format!("<p>1 + 2 + ... + 100 = {sum}</p>"));
        }
        ("/app/product", Some(id)) => product(sys, area, driver, id).await,
        ("/app/order", Some(id)) => order(sys, area, driver, id).await,
        ("/app/list", _) => {
            let sql = "SELECT p.id, p.name, p.price, c.name AS category FROM product p \
                 JOIN category c ON c.id = p.category WHERE p.id < 6 ORDER BY p.id";
            ask(sys, area, driver, sql).await.map(|rows| Page::new(200, "List", table(&rows)))
        }
        ("/app/report", _) => {
            // Adding 0 keeps the index of categories out of it: every pair of rows is looked at.
            let sql = "SELECT c.name AS category, count(*) AS products, sum(p.stock) AS stock, \
                 avg(p.price) AS price FROM product p JOIN category c ON c.id + 0 = p.category \
                 GROUP BY c.name ORDER BY 1";
            ask(sys, area, driver, sql).await.map(|rows| Page::new(200, "Report", table(&rows)))
        }
        _ => {
            Step::AppDecided.mark(sys, 0).await;
            let body = format!("<p>There is no {}.</p>", escape(path));
            return Page::new(404, "Not found", body);
        }
    };
    result.unwrap_or_else(|failure| match failure {
        Failure::NoLink => {
            Page::new(503, "Too busy", "<p>No connection to the database is free.</p>".to_owned())
        }
        Failure::Broken(errno) => {
            Page::new(503, "No database", format!("<p>{}</p>", errno.message()))
        }
        Failure::Refused(why) => Page::new(500, "Error", format!("<p>{}</p>", escape(&why))),
    })
}

async fn ask(sys: &Sys, area: u64, driver: &Driver, sql: &str) -> Result<Reply, Failure> {
    Step::AppDecided.mark(sys, 1).await;
    pool::query(sys, area, driver, sql).await
}

fn key(id: u64) -> String {
    format!("product {id}")
}

/// One product: out of the cache of results, or else of the database.
async fn product(sys: &Sys, area: u64, driver: &Driver, id: u64) -> Result<Page, Failure> {
    if let Some(kept) = cache::get(sys, area, &key(id)).await {
        Step::AppDecided.mark(sys, 0).await;
        return Ok(Page::new(200, "Product", kept));
    }
    let sql = format!("SELECT id, name, price, stock FROM product WHERE id = {id}");
    let reply = ask(sys, area, driver, &sql).await?;
    if reply.rows.is_empty() {
        return Ok(Page::new(404, "Not found", format!("<p>There is no product {id}.</p>")));
    }
    let text = table(&reply);
    cache::put(sys, area, &key(id), &text).await;
    Ok(Page::new(200, "Product", text))
}

/// One less of a product; what the cache has of it is no longer true.
async fn order(sys: &Sys, area: u64, driver: &Driver, id: u64) -> Result<Page, Failure> {
    let sql = format!("UPDATE product SET stock = stock - 1 WHERE id = {id} AND stock > 0");
    let reply = ask(sys, area, driver, &sql).await?;
    cache::forget(sys, area, &key(id)).await;
    Ok(match reply.changed {
        0 => Page::new(404, "Not found", format!("<p>Product {id} is not to be had.</p>")),
        _ => Page::new(200, "Ordered", format!("<p>One of product {id} is yours.</p>")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_from_outside_is_no_markup() {
        let rows = vec![vec![Some("<script>".to_owned())], vec![None]];
        let page = Page::new(
            200,
            "<b>",
            table(&Reply { columns: vec!["a".to_owned()], rows, changed: 0 }),
        );
        let text = page.render(3);
        assert!(text.contains("&lt;script&gt;") && !text.contains("<script>"), "{text}");
        assert!(text.contains("visit 3") && !text.contains("{{"), "{text}");
        assert_eq!((id("a=b&id=12"), id("id=x"), id("")), (Some(12), None, None));
    }
}
