//! What a person runs: the command line and the screen.
//!
//! * [`cli`]: one file per subcommand;
//! * [`app`]: the terminal, and the loop that waits for keys and replies;
//! * [`engine`]: the world, on a host thread of its own;
//! * [`model`] and [`update`]: what the screen knows, and how a message changes it;
//! * [`trace`], [`density`], [`steps`], [`narrate`]: records folded into lanes, grouped into visible changes, told in words;
//! * [`trip`]: the way of a request through several machines;
//! * [`calls`], [`metrics`], [`futures`]: calls as strace prints them, what a run came to, two futures compared;
//! * [`why`]: what explains a thread, a call, a page, as a chain of events;
//! * [`picture`]: what only the view that is open needs: [`memory`] has who shares which frames with whom, [`console`] what a terminal shows;
//! * [`session`]: a small file with which somebody else sees the same;
//! * [`list`], [`commands`]: what stands in a list of records, what can be typed after `:`;
//! * [`exercise`]: exercises, which run what a student hands in and judge by what happened;
//! * [`lesson`]: lessons, which read their answers from a run;
//! * [`lang`]: every text of the screen, in English and in Korean;
//! * [`view`]: pure functions from the model to cells; [`theme`] has the colours, [`keys`] the keys.
//!
//! A typical sequence: a key becomes an [`update::Message`], [`update::update`] answers with an
//! [`engine::Command`], the engine runs and sends a [`engine::Reply`], which is a message again, and
//! [`view::draw`] shows the new model. The screen never waits for the engine.

pub mod app;
pub mod calls;
pub mod cli;
pub mod commands;
pub mod console;
pub mod density;
pub mod engine;
pub mod exercise;
pub mod export;
pub mod futures;
pub mod keys;
mod known;
pub mod lang;
pub mod lesson;
pub mod list;
pub mod memory;
pub mod metrics;
pub mod model;
pub mod narrate;
pub mod network;
pub mod picture;
pub mod script;
pub mod session;
pub mod source;
pub mod steps;
pub mod text;
pub mod theme;
pub mod trace;
pub mod trip;
pub mod update;
pub mod view;
pub mod why;
