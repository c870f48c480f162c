//! Time travel: any moment of a run, from keyframes and by running forward.
//!
//! Keyframes are taken as the run goes on, at most [`KEYFRAMES`] of them, thinned with age: those far back
//! lie far apart. Going to a moment restores the keyframe before it and runs to it. What came from outside
//! is repeated from the record, so that the run is the same.

use super::{Input, World, WorldKeyframe, WorldWhy};
use crate::base::{Duration, Time};
use std::rc::Rc;

/// How many keyframes are kept at most.
pub const KEYFRAMES: usize = 32;

/// Something that was done to the world from outside, other than typing.
struct Change {
    time: Time,
    make: Rc<dyn Fn(&mut World)>,
}

/// A world that can go back.
pub struct History {
    world: World,
    /// How many of the changes the world has seen.
    changed: usize,
    /// Each with how many of the changes it has seen.
    keyframes: Vec<(WorldKeyframe, usize)>,
    inputs: Vec<Input>,
    changes: Vec<Change>,
    /// How far the run has ever got.
    reached: Time,
    /// The shortest distance between two keyframes.
    spacing: Duration,
}

impl History {
    /// A history that begins with this world as it is.
    #[must_use]
    pub fn new(mut world: World, spacing: Duration) -> Self {
        let first = world.keyframe();
        let (inputs, reached) = (world.inputs().to_vec(), world.time());
        Self {
            world,
            changed: 0,
            keyframes: vec![(first, 0)],
            inputs,
            changes: Vec::new(),
            reached,
            spacing,
        }
    }

    /// The world at the moment.
    #[must_use]
    pub fn world(&self) -> &World {
        &self.world
    }

    /// The world at the moment, for a digest. What changes it otherwise belongs into an input.
    pub fn digest(&mut self) -> u64 {
        self.world.digest()
    }

    /// A copy of the world as it is at the moment, to be run apart from this one.
    #[must_use]
    pub fn fork(&mut self) -> World {
        World::restore(&self.world.keyframe())
    }

    /// How far the run has ever got.
    #[must_use]
    pub fn reached(&self) -> Time {
        self.reached
    }

    /// The moments of the keyframes.
    #[must_use]
    pub fn keyframes(&self) -> Vec<Time> {
        self.keyframes.iter().map(|(keyframe, _)| keyframe.time()).collect()
    }

    /// Somebody types at the moment. What had happened later is forgotten: it may be different now.
    pub fn input(&mut self, input: Input) {
        let now = self.world.time();
        self.forget_after(now);
        self.world.input(input);
        self.inputs = self.world.inputs().to_vec();
    }

    /// Changes the world at the moment, as "what if?" does. The past stays, the future is forgotten. The
    /// change is kept, and made again whenever a run from further back comes to this moment.
    pub fn change(&mut self, change: impl Fn(&mut World) + 'static) {
        let now = self.world.time();
        self.forget_after(now);
        change(&mut self.world);
        self.changes.push(Change { time: now, make: Rc::new(change) });
        self.changed = self.changes.len();
        let here = self.world.keyframe();
        self.keyframes.retain(|(keyframe, _)| keyframe.time() < now);
        self.keyframes.push((here, self.changed));
    }

    fn forget_after(&mut self, time: Time) {
        self.keyframes.retain(|(keyframe, _)| keyframe.time() <= time);
        self.reached = time;
        self.inputs.truncate(self.world.inputs().len());
        self.changes.truncate(self.changed);
    }

    /// Goes to a moment, back or forth.
    pub fn go(&mut self, time: Time) -> WorldWhy {
        if time < self.world.time() {
            self.go_back(time);
        }
        self.forward(time)
    }

    fn go_back(&mut self, time: Time) {
        let before = self.keyframes.iter().rev().find(|(keyframe, _)| keyframe.time() <= time);
        if let Some((keyframe, changed)) = before.or(self.keyframes.first()) {
            self.world = World::restore(keyframe);
            self.changed = *changed;
        }
    }

    /// Runs forward, leaving keyframes behind where no run has been yet.
    fn forward(&mut self, time: Time) -> WorldWhy {
        let mut why = WorldWhy::Time;
        self.repeat_changes();
        while self.world.time() < time {
            self.repeat_inputs();
            let newest = self.keyframes.last().map_or(Time::ZERO, |(keyframe, _)| keyframe.time());
            let next = newest + self.spacing;
            let is_new = next > self.world.time();
            let change = self.changes.get(self.changed).map_or(Time::MAX, |change| change.time);
            let target = if is_new { next.min(time) } else { time };
            why = self.world.run(target.min(change));
            self.repeat_changes();
            if is_new && self.world.time() == next {
                self.keyframes.push((self.world.keyframe(), self.changed));
                self.thin();
            }
            match why {
                WorldWhy::Stuck(..) => break,
                // Nothing will happen: one step is as good as many.
                WorldWhy::Quiet if change >= time => why = self.world.run(time),
                _ => {}
            }
        }
        self.reached = self.reached.max(self.world.time());
        why
    }

    /// Changes that a restored world does not know of yet, when their moment has come.
    fn repeat_changes(&mut self) {
        while let Some(change) = self.changes.get(self.changed)
            && change.time <= self.world.time()
        {
            Rc::clone(&change.make)(&mut self.world);
            self.changed += 1;
        }
    }

    /// Inputs that a restored world does not know of yet.
    fn repeat_inputs(&mut self) {
        for input in self.inputs.iter().skip(self.world.inputs().len()).cloned().collect::<Vec<_>>()
        {
            self.world.input(input);
        }
    }

    /// Drops the keyframe whose neighbours are closest in comparison to their age.
    fn thin(&mut self) {
        if self.keyframes.len() <= KEYFRAMES {
            return;
        }
        let now = self.world.time();
        let time = |at: usize| self.keyframes[at].0.time();
        let gap = |&at: &usize| {
            let gap = time(at + 1).since(time(at - 1)).0;
            let age = now.since(time(at)).0;
            // Keep gap / age even: compare gap * scale / age without floating point.
            (u128::from(gap) << 32) / u128::from(age.max(1))
        };
        if let Some(victim) = (1..self.keyframes.len() - 1).min_by_key(gap) {
            self.keyframes.remove(victim);
        }
    }
}
