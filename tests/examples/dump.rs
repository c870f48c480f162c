//! temporary
use oscope_kernel::event::codec::json_lines;
fn main() {
    let n = std::env::args().nth(1).unwrap();
    let f = oscope_userland::scenario::open(&n).unwrap();
    let mut w = f.boot().unwrap();
    let t = std::time::Instant::now();
    let why = w.run(f.until().unwrap());
    eprintln!(
        "{:?} {:?} calls {:?}",
        why,
        t.elapsed(),
        w.machines().iter().map(|m| m.calls()).collect::<Vec<_>>()
    );
    for l in w.logs() {
        print!("{}", json_lines(l));
    }
    for m in w.machines() {
        for t in m.snapshot().tasks {
            eprintln!("{:?}", t.line);
        }
    }
}
