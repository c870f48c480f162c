//! Sets of descriptors to be watched (epoll(7)): the tables.
//!
//! An [`Epoll`] has *interests*, one for each pair of descriptor and open file that it watches, and a *ready list* of those
//! that something has happened to since they were last seen idle. Who waits looks at that list and at nothing else: what a
//! call costs depends on how many descriptors are ready and never on how many are watched. That is the difference to
//! poll(2), which asks them all.
//!
//! An interest belongs to the open file and goes when that is closed, which is not when the descriptor is: a dup(2) of
//! it keeps it, and is reported under the old number.
//!
//! Who puts an interest on the list, and what is then reported, stands in layer 7: `task/epoll.rs` and `syscall/epoll.rs`.
//!
//! Taken from elsewhere: the interest list apart from the ready list, and items that go back to the list's end when they are
//! reported by level, from Linux' `fs/eventpoll.c`; the key of descriptor *and* open file too. kqueue (FreeBSD) keys by the
//! descriptor alone, and forgets with close(2).

use crate::base::{Channel, EpollId, EpollTag, InterestId, InterestTag, OpenFileId, Place, Table};
use std::collections::{BTreeMap, BTreeSet};

/// How many epoll instances may stand in a row, each watching the next (`EP_MAX_NESTS` and one).
pub const MAX_CHAIN: usize = 5;

/// What an epoll instance wants to know of one open file.
#[derive(Clone, Debug, Hash)]
pub struct Interest {
    /// Whose it is.
    pub epoll: EpollId,
    /// The file.
    pub file: OpenFileId,
    /// The descriptor under which it was added.
    pub fd: u32,
    /// Bits of `EpollEvents`.
    pub events: u32,
    /// What the program gets back with them.
    pub data: u64,
    /// Where it listens.
    pub places: Vec<(Channel, Place)>,
    /// The file, if that is an epoll instance too.
    pub nested: Option<EpollId>,
    /// Its place on the ready list.
    place_in_line: Option<u64>,
}

/// An epoll instance.
#[derive(Clone, Debug, Default, Hash)]
pub struct Epoll {
    interests: BTreeMap<(u32, OpenFileId), InterestId>,
    ready: BTreeMap<u64, InterestId>,
    next_in_line: u64,
    /// Interests of other instances in this one.
    watched_by: BTreeSet<InterestId>,
}

/// All epoll instances of a machine.
#[derive(Clone, Debug, Default, Hash)]
pub struct Epolls {
    table: Table<EpollTag, Epoll>,
    interests: Table<InterestTag, Interest>,
    /// Which files are watched, and for whom.
    watched: BTreeSet<(OpenFileId, InterestId)>,
}

impl Epolls {
    /// A new instance, which watches nothing.
    pub fn create(&mut self) -> EpollId {
        self.table.insert(Epoll::default())
    }

    /// An instance is closed. Its interests must have been removed.
    pub fn remove(&mut self, id: EpollId) {
        self.table.remove(id);
    }

    /// What an instance wants to know of an open file under a descriptor.
    #[must_use]
    pub fn find(&self, epoll: EpollId, fd: u32, file: OpenFileId) -> Option<InterestId> {
        self.table.get(epoll)?.interests.get(&(fd, file)).copied()
    }

    /// One more interest; there must be none with this descriptor and file.
    pub fn add(
        &mut self,
        epoll: EpollId,
        (fd, file): (u32, OpenFileId),
        (events, data): (u32, u64),
        nested: Option<EpollId>,
    ) -> InterestId {
        let (places, place_in_line) = (Vec::new(), None);
        let interest = Interest { epoll, file, fd, events, data, places, nested, place_in_line };
        let id = self.interests.insert(interest);
        if let Some(epoll) = self.table.get_mut(epoll) {
            epoll.interests.insert((fd, file), id);
        }
        if let Some(watched) = nested.and_then(|nested| self.table.get_mut(nested)) {
            watched.watched_by.insert(id);
        }
        self.watched.insert((file, id));
        id
    }

    /// One interest less. The caller lets it leave its channels.
    pub fn drop_interest(&mut self, id: InterestId) -> Option<Interest> {
        self.unmark(id);
        let gone = self.interests.remove(id)?;
        if let Some(epoll) = self.table.get_mut(gone.epoll) {
            epoll.interests.remove(&(gone.fd, gone.file));
        }
        if let Some(watched) = gone.nested.and_then(|nested| self.table.get_mut(nested)) {
            watched.watched_by.remove(&id);
        }
        self.watched.remove(&(gone.file, id));
        Some(gone)
    }

    /// An interest.
    #[must_use]
    pub fn interest(&self, id: InterestId) -> Option<&Interest> {
        self.interests.get(id)
    }

    /// An interest, to change.
    pub fn interest_mut(&mut self, id: InterestId) -> Option<&mut Interest> {
        self.interests.get_mut(id)
    }

    /// The interests of an instance, by descriptor.
    pub fn of(&self, id: EpollId) -> impl Iterator<Item = (InterestId, &Interest)> {
        let ids = self.table.get(id).into_iter().flat_map(|epoll| epoll.interests.values());
        ids.filter_map(|&id| Some((id, self.interests.get(id)?)))
    }

    /// All interests in an open file.
    pub fn in_file(&self, file: OpenFileId) -> impl Iterator<Item = InterestId> {
        let range = (file, InterestId::FIRST)..=(file, InterestId::NONE);
        self.watched.range(range).map(|&(_, id)| id)
    }

    /// Puts an interest at the end of its instance's ready list, if it is not on it.
    pub fn mark(&mut self, id: InterestId) {
        let Some(interest) = self.interests.get_mut(id).filter(|i| i.place_in_line.is_none())
        else {
            return;
        };
        if let Some(epoll) = self.table.get_mut(interest.epoll) {
            let place = epoll.next_in_line;
            epoll.next_in_line += 1;
            epoll.ready.insert(place, id);
            interest.place_in_line = Some(place);
        }
    }

    /// Takes an interest off the ready list.
    pub fn unmark(&mut self, id: InterestId) {
        if let Some(interest) = self.interests.get_mut(id)
            && let Some(place) = interest.place_in_line.take()
            && let Some(epoll) = self.table.get_mut(interest.epoll)
        {
            epoll.ready.remove(&place);
        }
    }

    /// An instance's ready list, in order.
    pub fn ready(&self, id: EpollId) -> impl Iterator<Item = (InterestId, &Interest)> {
        let ids = self.table.get(id).into_iter().flat_map(|epoll| epoll.ready.values());
        ids.filter_map(|&id| Some((id, self.interests.get(id)?)))
    }

    /// Whether an instance may watch another: neither in a circle, nor in too long a chain.
    #[must_use]
    pub fn may_watch(&self, id: EpollId, other: EpollId) -> bool {
        let below = self.below(other, id, &mut BTreeMap::new());
        let above = self.above(id, &mut BTreeMap::new());
        below.is_some_and(|below| below + above <= MAX_CHAIN)
    }

    /// How long the longest chain is that begins with an instance; `None` if one leads to `forbidden`. Each instance is looked at
    /// once. (There are no circles: [`may_watch`](Self::may_watch) refused them.)
    fn below(
        &self,
        id: EpollId,
        forbidden: EpollId,
        known: &mut BTreeMap<EpollId, usize>,
    ) -> Option<usize> {
        if id == forbidden || known.contains_key(&id) {
            return known.get(&id).copied();
        }
        let mut longest = 1;
        for nested in self.of(id).filter_map(|(_, interest)| interest.nested) {
            longest = longest.max(1 + self.below(nested, forbidden, known)?);
        }
        known.insert(id, longest);
        Some(longest)
    }

    /// How long the longest chain is that ends with an instance.
    fn above(&self, id: EpollId, known: &mut BTreeMap<EpollId, usize>) -> usize {
        if let Some(&known) = known.get(&id) {
            return known;
        }
        let mut longest = 1;
        for watching in self.table.get(id).into_iter().flat_map(|epoll| &epoll.watched_by) {
            if let Some(interest) = self.interests.get(*watching) {
                longest = longest.max(1 + self.above(interest.epoll, known));
            }
        }
        known.insert(id, longest);
        longest
    }
}

#[cfg(test)]
mod tests {
    use super::{Epolls, MAX_CHAIN};
    use crate::base::{OpenFileId, Table};

    fn files(n: usize) -> Vec<OpenFileId> {
        let mut table = Table::default();
        (0..n).map(|_| table.insert(())).collect()
    }

    #[test]
    fn a_chain_has_an_end() {
        let mut epolls = Epolls::default();
        let files = files(MAX_CHAIN + 1);
        let ids: Vec<_> = files.iter().map(|_| epolls.create()).collect();
        for n in 1..MAX_CHAIN {
            assert!(epolls.may_watch(ids[n - 1], ids[n]), "{n}");
            epolls.add(ids[n - 1], (n as u32, files[n]), (1, 0), Some(ids[n]));
        }
        assert!(!epolls.may_watch(ids[MAX_CHAIN - 1], ids[MAX_CHAIN]), "too long below");
        assert!(!epolls.may_watch(ids[MAX_CHAIN], ids[0]), "too long above");
        assert!(!epolls.may_watch(ids[2], ids[0]), "a circle");
        assert!(epolls.may_watch(ids[0], ids[MAX_CHAIN]), "beside the chain");
    }

    #[test]
    fn the_ready_list_has_each_once_and_in_order() {
        let mut epolls = Epolls::default();
        let files = files(2);
        let epoll = epolls.create();
        let a = epolls.add(epoll, (3, files[0]), (1, 7), None);
        let b = epolls.add(epoll, (4, files[1]), (1, 8), None);
        for id in [b, a, b] {
            epolls.mark(id);
        }
        let line = |epolls: &Epolls| epolls.ready(epoll).map(|(id, _)| id).collect::<Vec<_>>();
        assert_eq!(line(&epolls), [b, a]);
        epolls.unmark(b);
        epolls.mark(b);
        assert_eq!(line(&epolls), [a, b]);
        epolls.drop_interest(a);
        assert_eq!(line(&epolls), [b]);
        assert_eq!(epolls.in_file(files[0]).count(), 0);
        assert_eq!(epolls.in_file(files[1]).collect::<Vec<_>>(), [b]);
    }
}
