//! Statements by chance, over two tables, of what both databases understand in the same way.

use oscope_kernel::base::Rng;

/// Makes statements.
pub(crate) struct Generator {
    rng: Rng,
    is_open: bool,
}

const NAMES: [&str; 8] = ["ada", "alan", "barbara", "dennis", "edsger", "grace", "ken", "Radia"];

impl Generator {
    pub(crate) fn new(rng: Rng) -> Self {
        Self { rng, is_open: false }
    }

    /// Two tables, then so many statements in all.
    pub(crate) fn statements(&mut self, count: usize) -> Vec<String> {
        let mut all: Vec<String> = [
            "CREATE TABLE dept (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, floor INTEGER)",
            "CREATE TABLE emp (id INTEGER PRIMARY KEY, name TEXT, dept INTEGER REFERENCES dept (id), \
             pay INTEGER DEFAULT 10, grade REAL)",
            "CREATE INDEX emp_pay ON emp (pay)",
            "CREATE INDEX emp_dept_pay ON emp (dept, pay)",
        ]
        .map(str::to_owned)
        .to_vec();
        while all.len() < count {
            let statement = self.statement();
            all.push(statement);
        }
        all
    }

    fn below(&mut self, n: u64) -> u64 {
        self.rng.below(n)
    }

    fn one_of<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len() as u64) as usize]
    }

    fn statement(&mut self) -> String {
        match self.below(100) {
            0..=9 => self.insert_dept(),
            10..=29 => self.insert_emp(),
            30..=41 => self.update(),
            42..=47 => self.delete(),
            48..=53 => self.transaction(),
            54 if !self.is_open => "VACUUM".to_owned(),
            54..=55 => self.index(),
            56..=69 => self.simple(),
            70..=84 => self.join(),
            _ => self.group(),
        }
    }

    fn insert_dept(&mut self) -> String {
        let (id, floor) = (self.below(30), self.below(6));
        let name = match self.below(12) {
            0 => "NULL".to_owned(),
            n => format!("'d{}'", n * 3 + self.below(9)),
        };
        format!("INSERT INTO dept VALUES ({id}, {name}, {floor})")
    }

    fn insert_emp(&mut self) -> String {
        let row = |this: &mut Self| {
            let dept = match this.below(6) {
                0 => "NULL".to_owned(),
                _ => this.below(30).to_string(),
            };
            let grade = this.below(16) as f64 / 4.0;
            let name = this.one_of(&NAMES);
            format!("({}, '{name}', {dept}, {}, {grade})", this.below(400), this.below(100))
        };
        match self.below(4) {
            0 => format!("INSERT INTO emp VALUES {}, {}", row(self), row(self)),
            1 => format!("INSERT INTO emp (name, id) VALUES ('x', {})", self.below(400)),
            _ => format!("INSERT INTO emp VALUES {}", row(self)),
        }
    }

    fn update(&mut self) -> String {
        let condition = self.condition("");
        let (a, b) = (self.below(30), self.below(30));
        match self.below(6) {
            0 => format!("UPDATE dept SET id = {a} WHERE id = {b}"),
            1 => format!("UPDATE dept SET floor = floor + 1 WHERE id < {a}"),
            2 => format!("UPDATE emp SET dept = {a} WHERE id = {}", self.below(400)),
            3 => format!("UPDATE emp SET pay = pay + {a}, name = upper(name) WHERE {condition}"),
            4 => format!("UPDATE emp SET id = {} WHERE id = {}", self.below(400), self.below(400)),
            _ => format!("UPDATE emp SET grade = grade / 2, pay = {b} WHERE {condition}"),
        }
    }

    fn delete(&mut self) -> String {
        match self.below(3) {
            0 => format!("DELETE FROM dept WHERE id = {}", self.below(30)),
            1 => format!("DELETE FROM emp WHERE id = {}", self.below(400)),
            _ => format!("DELETE FROM emp WHERE {} AND id > 300", self.condition("")),
        }
    }

    fn transaction(&mut self) -> String {
        self.is_open = !self.is_open;
        match (self.is_open, self.below(2)) {
            (true, _) => "BEGIN",
            (false, 0) => "COMMIT",
            (false, _) => "ROLLBACK",
        }
        .to_owned()
    }

    fn index(&mut self) -> String {
        self.one_of(&[
            "DROP INDEX IF EXISTS emp_pay",
            "CREATE INDEX IF NOT EXISTS emp_pay ON emp (pay)",
            "DROP INDEX IF EXISTS emp_name",
            "CREATE INDEX IF NOT EXISTS emp_name ON emp (name, id)",
        ])
        .to_owned()
    }

    /// A condition on `emp`, whose columns have this before their names.
    fn condition(&mut self, of: &str) -> String {
        let n = self.below(100);
        let operator = self.one_of(&["=", "<>", "<", "<=", ">", ">="]);
        let name = self.one_of(&NAMES);
        match self.below(12) {
            0 => format!("{of}pay {operator} {n}"),
            1 => format!("{of}id {operator} {}", n * 4),
            2 => format!("{of}dept = {} AND {of}pay {operator} {n}", n % 30),
            3 => format!("{of}name {operator} '{name}'"),
            4 => format!("{of}name LIKE '%{}%'", &name[..1]),
            5 => format!("{of}pay BETWEEN {} AND {n}", n / 2),
            6 => format!("{of}dept IN ({}, {}, NULL, {})", n % 30, n % 7, n % 11),
            7 => format!("{of}dept IS {}NULL", if n < 50 { "" } else { "NOT " }),
            8 => format!("{of}grade * 4 {operator} {of}pay % 16"),
            9 => format!("NOT ({})", self.condition(of)),
            10 => format!("({} OR {})", self.condition(of), self.condition(of)),
            _ => format!("{} AND {}", self.condition(of), self.condition(of)),
        }
    }

    fn end(&mut self, columns: &str) -> String {
        match self.below(4) {
            0 => String::new(),
            1 => format!(" ORDER BY {columns}"),
            2 => format!(" ORDER BY {columns} LIMIT {}", self.below(9)),
            _ => format!(" ORDER BY {columns} LIMIT {} OFFSET {}", self.below(9), self.below(5)),
        }
    }

    fn simple(&mut self) -> String {
        let condition = self.condition("");
        match self.below(4) {
            0 => format!("SELECT * FROM emp WHERE {condition}{}", self.end("id")),
            1 => format!(
                "SELECT id, pay * 2 + 1 AS twice, coalesce(dept, -1), length(name) FROM emp \
                 WHERE {condition}{}",
                self.end("twice DESC, 1")
            ),
            2 => {
                format!("SELECT DISTINCT dept, name FROM emp WHERE {condition}{}", self.end("1, 2"))
            }
            _ => format!(
                "SELECT id, CASE WHEN pay > 50 THEN 'much' WHEN pay > 20 THEN 'some' ELSE name END \
                 FROM emp WHERE {condition}{}",
                self.end("id DESC")
            ),
        }
    }

    fn join(&mut self) -> String {
        let (condition, end) = (self.condition("e."), self.end("e.id, d.id"));
        match self.below(4) {
            0 => format!(
                "SELECT e.id, d.name FROM emp e JOIN dept d ON e.dept = d.id WHERE {condition}{end}"
            ),
            1 => format!(
                "SELECT e.id, d.name FROM emp AS e LEFT JOIN dept AS d ON e.dept = d.id \
                 AND d.floor > 2 WHERE {condition}{end}"
            ),
            2 => format!(
                "SELECT d.name, e.id, e.pay FROM dept d LEFT JOIN emp e ON e.dept = d.id \
                 AND e.pay > {} WHERE e.id IS NULL OR {condition}{end}",
                self.below(100)
            ),
            _ => format!(
                "SELECT e.id, d.id, d.floor FROM emp e, dept d WHERE e.dept = d.id \
                 AND d.floor < {} AND {condition}{end}",
                self.below(6)
            ),
        }
    }

    fn group(&mut self) -> String {
        let condition = self.condition("");
        match self.below(4) {
            0 => format!(
                "SELECT count(*), count(dept), sum(pay), min(name), max(grade), avg(pay) FROM emp \
                 WHERE {condition}"
            ),
            1 => format!(
                "SELECT dept, count(*), sum(pay), avg(grade) FROM emp WHERE {condition} \
                 GROUP BY dept{}",
                self.end("1")
            ),
            2 => format!(
                "SELECT name, count(DISTINCT dept) AS n FROM emp GROUP BY name \
                 HAVING count(*) > {}{}",
                self.below(5),
                self.end("n DESC, name")
            ),
            _ => format!(
                "SELECT d.floor, d.floor % 2, max(e.pay) - min(e.pay) FROM emp e JOIN dept d \
                 ON d.id = e.dept GROUP BY d.floor, d.floor % 2{}",
                self.end("d.floor")
            ),
        }
    }
}
