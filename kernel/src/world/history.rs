//! Time travel: any moment of a run, from keyframes and by running forward.
//!
//! Keyframes are taken as the run goes on, at most [`KEYFRAMES`] of them, thinned with age: those far back
//! lie far apart. Going to a moment restores the keyframe before it and runs to it. What came from outside
//! is repeated from the record, so that the run is the same.

use super::{Input, World, WorldKeyframe, WorldWhy};
use crate::base::{Duration, Time};

/// How many keyframes are kept at most.
pub const KEYFRAMES: usize = 32;

/// A world that can go back.
pub struct History {
    world: World,
    keyframes: Vec<WorldKeyframe>,
    inputs: Vec<Input>,
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
        Self { world, keyframes: vec![first], inputs, reached, spacing }
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

    /// How far the run has ever got.
    #[must_use]
    pub fn reached(&self) -> Time {
        self.reached
    }

    /// The moments of the keyframes.
    #[must_use]
    pub fn keyframes(&self) -> Vec<Time> {
        self.keyframes.iter().map(WorldKeyframe::time).collect()
    }

    /// Somebody types at the moment. What had happened later is forgotten: it may be different now.
    pub fn input(&mut self, input: Input) {
        let now = self.world.time();
        self.forget_after(now);
        self.world.input(input);
        self.inputs = self.world.inputs().to_vec();
    }

    /// Changes the world at the moment, as "what if?" does. The past stays, the future is forgotten.
    pub fn change(&mut self, change: impl FnOnce(&mut World)) {
        self.forget_after(self.world.time());
        change(&mut self.world);
        let here = self.world.keyframe();
        self.keyframes.retain(|keyframe| keyframe.time() < here.time());
        self.keyframes.push(here);
    }

    fn forget_after(&mut self, time: Time) {
        self.keyframes.retain(|keyframe| keyframe.time() <= time);
        self.reached = time;
        let world = &self.world;
        self.inputs.truncate(world.inputs().len());
    }

    /// Goes to a moment, back or forth.
    pub fn go(&mut self, time: Time) -> WorldWhy {
        if time < self.world.time() {
            self.go_back(time);
        }
        self.forward(time)
    }

    fn go_back(&mut self, time: Time) {
        let before = self.keyframes.iter().rev().find(|keyframe| keyframe.time() <= time);
        if let Some(keyframe) = before.or(self.keyframes.first()) {
            self.world = World::restore(keyframe);
        }
    }

    /// Runs forward, leaving keyframes behind where no run has been yet.
    fn forward(&mut self, time: Time) -> WorldWhy {
        let mut why = WorldWhy::Time;
        while self.world.time() < time {
            self.repeat_inputs();
            let newest = self.keyframes.last().map_or(Time::ZERO, WorldKeyframe::time);
            let next = newest + self.spacing;
            let is_new = next > self.world.time();
            let target = if is_new { next.min(time) } else { time };
            why = self.world.run(target);
            if is_new && self.world.time() == next {
                self.keyframes.push(self.world.keyframe());
                self.thin();
            }
            match why {
                WorldWhy::Stuck(..) => break,
                // Nothing will happen: one step is as good as many.
                WorldWhy::Quiet => why = self.world.run(time),
                _ => {}
            }
        }
        self.reached = self.reached.max(self.world.time());
        why
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
        let time = |at: usize| self.keyframes[at].time();
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
