//! One connection's side: statements, one after another, in transactions.
//!
//! A statement outside of BEGIN ... COMMIT is a transaction of its own. Those that only read share the database's latch.
//! A statement that finds a row in the hands of another transaction gives everything up, waits for that one's end,
//! and begins again. A statement that fails leaves no trace; only after a deadlock the whole transaction is lost.

use super::super::store::Db;
use super::super::store::area::SCHEMA;
use super::super::store::error::{Error, Result, sql};
use super::super::store::value::Value;
use super::super::store::work::Work;
use super::catalog::Catalog;
use super::select::Plan;
use super::{define, modify, vacuum};
use sqlparser::ast::Statement;
use sqlparser::dialect::GenericDialect;
use sqlparser::parser::Parser;
use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// How many parsed statements a session keeps.
const MOST_STATEMENTS: usize = 256;

/// What a statement comes to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answer {
    pub(crate) columns: Vec<String>,
    pub(crate) rows: Vec<Vec<Value>>,
    /// How many rows were changed.
    pub(crate) changed: u64,
    /// How many blocks were looked at, and how many of them came from the disk.
    pub(crate) blocks: u64,
    pub(crate) misses: u64,
}

/// What a session remembers between statements. It is the state of a server process too, so it can be cloned and compared.
#[derive(Clone, Debug, Default)]
pub(crate) struct Session {
    /// Its transaction's number, once it has changed something.
    own: u64,
    /// Whether BEGIN was said.
    is_explicit: bool,
    /// Whether a deadlock has ended the transaction, though ROLLBACK was not said yet.
    has_failed: bool,
    has_defined: bool,
    /// The catalog as it was at a count of changes.
    catalog: Option<(u64, Arc<Catalog>)>,
    /// Statements as the parser made them, by their text.
    statements: BTreeMap<String, Arc<Statement>>,
}

/// The caches follow from the rest.
impl Hash for Session {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.own, self.is_explicit, self.has_failed, self.has_defined).hash(state);
        self.statements.len().hash(state);
    }
}

/// The one statement in a text.
pub(crate) fn parse(text: &str) -> Result<Statement> {
    let mut statements = Parser::parse_sql(&GenericDialect {}, text)
        .map_err(|error| Error::Sql(error.to_string()))?;
    match (statements.pop(), statements.is_empty()) {
        (Some(statement), true) => Ok(statement),
        _ => sql("one statement at a time, please"),
    }
}

/// Whether a statement changes nothing.
fn only_reads(statement: &Statement) -> bool {
    match statement {
        Statement::Query(_) => true,
        Statement::Explain { statement, .. } => only_reads(statement),
        _ => false,
    }
}

impl Session {
    /// Carries out a statement.
    pub(crate) async fn execute(&mut self, db: &Db, text: &str) -> Result<Answer> {
        let statement = self.parsed(text)?;
        match statement.as_ref() {
            Statement::StartTransaction { .. } if self.is_explicit => {
                return sql("there is a transaction under way already");
            }
            Statement::StartTransaction { .. } => {
                self.is_explicit = true;
                return Ok(Answer::default());
            }
            Statement::Rollback { savepoint: Some(_), .. } => {
                return sql("not supported: savepoints");
            }
            Statement::Rollback { .. } => {
                self.end(db, false).await?;
                return Ok(Answer::default());
            }
            Statement::Commit { .. } => {
                let result = if self.has_failed { Err(Error::Failed) } else { Ok(()) };
                self.end(db, !self.has_failed).await?;
                return result.map(|()| Answer::default());
            }
            _ if self.has_failed => return Err(Error::Failed),
            _ => {}
        }
        let result = self.attempt(db, &statement).await;
        if matches!(result, Err(Error::Deadlock)) {
            // Everybody who waits for this one may go on.
            db.end(self.own, false).await;
            (self.own, self.has_failed) = (0, self.is_explicit);
        }
        if !self.is_explicit {
            let lasts = self.end(db, result.is_ok()).await;
            return result.and_then(|answer| lasts.map(|()| answer));
        }
        result
    }

    /// Ends what is under way, as when the connection is lost.
    pub(crate) async fn abandon(&mut self, db: &Db) {
        let _ = self.end(db, false).await;
    }

    fn parsed(&mut self, text: &str) -> Result<Arc<Statement>> {
        if let Some(statement) = self.statements.get(text) {
            return Ok(Arc::clone(statement));
        }
        let statement = Arc::new(parse(text)?);
        if self.statements.len() < MOST_STATEMENTS {
            self.statements.insert(text.to_owned(), Arc::clone(&statement));
        }
        Ok(statement)
    }

    /// Tries a statement until no other transaction stands in its way.
    async fn attempt(&mut self, db: &Db, statement: &Statement) -> Result<Answer> {
        loop {
            let is_reader = only_reads(statement);
            match is_reader {
                true => db.latch().read(&db.sys).await,
                false => db.latch().write(&db.sys).await,
            }
            let result = self.under_latch(db, statement, is_reader).await;
            db.latch().release(&db.sys).await;
            match result {
                Err(Error::Busy(other)) => db.wait_for(self.own, other).await?,
                other => return other,
            }
        }
    }

    async fn under_latch(
        &mut self,
        db: &Db,
        statement: &Statement,
        is_reader: bool,
    ) -> Result<Answer> {
        if !is_reader && self.own == 0 {
            self.own = db.begin().await?;
        }
        let mut work = Work::new(db, db.snapshot(self.own).await);
        let catalog = self.catalog(db, &mut work).await?;
        let mut answer = self.carry_out(&mut work, &catalog, statement).await?;
        (answer.blocks, answer.misses) = (work.blocks, work.misses);
        if !is_reader {
            work.finish().await?;
        }
        Ok(answer)
    }

    /// The catalog: from the last time, unless it has changed.
    async fn catalog(&mut self, db: &Db, work: &mut Work<'_>) -> Result<Arc<Catalog>> {
        let count = db.word(SCHEMA).await;
        if let Some((read, catalog)) = &self.catalog
            && *read == count
        {
            return Ok(Arc::clone(catalog));
        }
        let catalog = Arc::new(Catalog::load(work).await?);
        self.catalog = Some((count, Arc::clone(&catalog)));
        Ok(catalog)
    }

    async fn carry_out(
        &mut self,
        work: &mut Work<'_>,
        catalog: &Catalog,
        statement: &Statement,
    ) -> Result<Answer> {
        let mut answer = Answer::default();
        match statement {
            Statement::Query(query) => {
                let plan = Plan::new(query, catalog)?;
                answer.rows = plan.run(work).await?;
                answer.columns = plan.columns;
            }
            Statement::Explain { statement, analyze, .. } => {
                let Statement::Query(query) = statement.as_ref() else {
                    return sql("EXPLAIN is for SELECT");
                };
                let plan = Plan::new(query, catalog)?;
                let mut lines = plan.describe();
                if *analyze {
                    let rows = plan.run(work).await?.len();
                    lines.push(format!("{rows} rows"));
                    lines.push(format!("{} blocks, {} from disk", work.blocks, work.misses));
                }
                answer.columns = vec!["plan".to_owned()];
                answer.rows = lines.into_iter().map(|line| vec![Value::Text(line)]).collect();
            }
            Statement::Insert(insert) => {
                answer.changed = modify::insert(work, catalog, insert).await?;
            }
            Statement::Update(update) => {
                answer.changed = modify::update(work, catalog, update).await?;
            }
            Statement::Delete(delete) => {
                answer.changed = modify::delete(work, catalog, delete).await?;
            }
            Statement::CreateTable(create) => define::create_table(work, catalog, create).await?,
            Statement::CreateIndex(create) => define::create_index(work, catalog, create).await?,
            Statement::Drop { object_type, names, if_exists, .. } => {
                define::drop(work, catalog, *object_type, names, *if_exists).await?;
            }
            Statement::Vacuum(_) => answer.changed = vacuum::vacuum(work, catalog).await?,
            other => return sql(format!("not supported: {other}")),
        }
        let defines = matches!(
            statement,
            Statement::CreateTable(_) | Statement::CreateIndex(_) | Statement::Drop { .. }
        );
        if defines {
            self.has_defined = true;
            work.db.count(SCHEMA).await;
        }
        Ok(answer)
    }

    /// COMMIT or ROLLBACK.
    async fn end(&mut self, db: &Db, commits: bool) -> Result<()> {
        let (own, has_defined) = (self.own, self.has_defined);
        (self.own, self.is_explicit, self.has_failed, self.has_defined) = (0, false, false, false);
        if own == 0 {
            return Ok(());
        }
        let result = if commits { commit(db, own).await } else { Ok(()) };
        db.end(own, result.is_ok() && commits).await;
        if has_defined {
            // What others took for the catalog while this was under way is no longer true.
            db.count(SCHEMA).await;
        }
        result
    }
}

/// Makes a transaction last: its bit is set, and the log is on the disk.
async fn commit(db: &Db, own: u64) -> Result<()> {
    db.latch().write(&db.sys).await;
    let lsn = async {
        let mut work = Work::new(db, db.snapshot(own).await);
        work.commit().await?;
        work.finish().await
    }
    .await;
    db.latch().release(&db.sys).await;
    db.flush(lsn?).await
}
