//! `oscope bench`: what operations cost on the emulated kernel, and on the host's own.
//!
//! Both are measured in one go, batch by batch in turns and on the same CPU, so that whatever else the host does hits
//! both. Of many batches each, the medians are compared.

mod host;

use super::Failure;
use super::out::Out;
use crate::text::{fit_right, nearest};
use host::Host;
use oscope_kernel::machine::BootError;
use oscope_userland::bench::{ALL, Emulated, Operation};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// The options of `oscope bench`.
#[derive(clap::Args)]
pub(super) struct Args {
    /// Which operations; all if none is named
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Print a list of objects with operation, emulated_ns, host_ns and ratio
    #[arg(long)]
    json: bool,
}

/// How many batches are measured of each side, how long one is at least, and how long all of them may take.
const BATCHES: usize = 101;
const FEWEST: usize = 5;
const SHORTEST: Duration = Duration::from_millis(1);
const PATIENCE: Duration = Duration::from_millis(1500);

/// What an operation costs, in nanoseconds.
struct Figures {
    operation: &'static str,
    emulated: f64,
    host: Option<f64>,
}

pub(super) fn bench(args: &Args) -> Result<(), Failure> {
    let chosen = choose(&args.names)?;
    let mut host = Host::start();
    let mut out = Out::stdout();
    let mut all = Vec::new();
    if !args.json {
        out.line(&row("operation", ["emulated, ns", "host, ns", "host/emulated"]))?;
    }
    for operation in chosen {
        let figures = measure(operation, host.as_mut())
            .map_err(|error| Failure::Run(format!("{}: {error}", operation.name)))?;
        if args.json {
            all.push(figures.json());
        } else {
            out.line(&figures.line())?;
            out.flush()?;
        }
    }
    if args.json {
        out.line(&format!("{:#}", Value::from(all)))?;
    } else if host.is_none() {
        out.line("The host was not measured: there is no oscope-host beside this program.")?;
    }
    out.finish()
}

fn choose(names: &[String]) -> Result<Vec<&'static Operation>, Failure> {
    let possible = || ALL.iter().filter(|operation| operation.is_possible());
    if names.is_empty() {
        return Ok(possible().collect());
    }
    let one = |name: &String| {
        let found = possible().find(|operation| operation.name == name);
        found.ok_or_else(|| {
            let known: Vec<&str> = possible().map(|operation| operation.name).collect();
            let near = nearest(name, known.iter().copied());
            let hint = near.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
            let known = known.join(", ");
            Failure::Usage(format!("no operation `{name}`{hint}\nexpected some of: {known}"))
        })
    };
    names.iter().map(one).collect()
}

/// The emulated side of an operation: the machine that does it, and the one that does what is to be subtracted.
struct Bench {
    whole: Emulated,
    less: Option<Emulated>,
}

impl Bench {
    fn new(operation: &Operation) -> Result<Self, BootError> {
        let less = operation.less.map(|less| Emulated::new(less, |_| ())).transpose()?;
        Ok(Self { whole: Emulated::new(operation, |_| ())?, less })
    }

    /// Nanoseconds for one operation, from one batch.
    fn batch(&mut self) -> Result<f64, &'static str> {
        let less = self.less.as_mut().map_or(Ok(0.0), batch)?;
        Ok(batch(&mut self.whole)? - less)
    }
}

/// Nanoseconds for one operation of a machine, preparations left out.
fn batch(emulated: &mut Emulated) -> Result<f64, &'static str> {
    let (mut took, mut count) = (Duration::ZERO, 0);
    while took < SHORTEST {
        let begun = Instant::now();
        let done = emulated.stretch().ok_or("the program gave up: one of its calls failed")?;
        if done > 0 {
            took += begun.elapsed();
            count += done;
        }
    }
    Ok(took.as_nanos() as f64 / count as f64)
}

fn measure(operation: &'static Operation, mut host: Option<&mut Host>) -> Result<Figures, String> {
    let mut bench = Bench::new(operation).map_err(|error| error.to_string())?;
    // The first one warms up.
    bench.batch()?;
    if let Some(host) = &mut host {
        host.batch(operation.name);
    }
    let (mut emulated, mut native) = (Vec::new(), Vec::new());
    let begun = Instant::now();
    while emulated.len() < BATCHES && (emulated.len() < FEWEST || begun.elapsed() < PATIENCE) {
        emulated.push(bench.batch()?);
        native.extend(host.as_mut().and_then(|host| host.batch(operation.name)));
    }
    Ok(Figures {
        operation: operation.name,
        emulated: median(&mut emulated).unwrap_or(0.0),
        host: median(&mut native),
    })
}

fn median(all: &mut [f64]) -> Option<f64> {
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied()
}

impl Figures {
    /// How many times faster the emulated operation is.
    fn ratio(&self) -> Option<f64> {
        self.host.filter(|_| self.emulated > 0.0).map(|host| host / self.emulated)
    }

    fn json(&self) -> Value {
        json!({
            "operation": self.operation,
            "emulated_ns": rounded(self.emulated),
            "host_ns": self.host.map(rounded),
            "ratio": self.ratio().map(rounded),
        })
    }

    fn line(&self) -> String {
        let shown = |figure: Option<f64>| figure.map_or("-".to_owned(), |ns| format!("{ns:.1}"));
        let figures = [Some(self.emulated), self.host, self.ratio()].map(shown);
        row(self.operation, figures.each_ref().map(String::as_str))
    }
}

/// Two digits after the point: more would be noise.
fn rounded(figure: f64) -> f64 {
    (figure * 100.0).round() / 100.0
}

fn row(name: &str, figures: [&str; 3]) -> String {
    let figures = figures.map(|figure| fit_right(figure, 14));
    format!("{name:<20}{}", figures.concat())
}
