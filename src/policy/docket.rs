//! What is said about each row, in two bytes: rows are many, but what can be said about them is not.

use super::{KeepReason, state::State};

/// The state of every row, in the order of the store.
#[derive(Debug, Clone, Default)]
pub(super) struct Docket {
    /// Every state that a row was in: some dozens.
    states: Vec<State>,
    /// For each row the number of its own.
    numbers: Vec<u16>,
}

impl Docket {
    /// Stands for a state that has no number. There are no so many; were there, unknown would mean keep.
    const UNKNOWN: State = State::idle(KeepReason::UnknownKind, true);

    /// Adds a row behind all the others.
    pub(super) fn push(&mut self, state: State) {
        let number = self.number_of(state);
        self.numbers.push(number);
    }

    fn number_of(&mut self, state: State) -> u16 {
        let at = self.states.iter().position(|known| *known == state).unwrap_or_else(|| {
            self.states.push(state);
            self.states.len() - 1
        });
        u16::try_from(at).unwrap_or(u16::MAX)
    }

    fn state(&self, number: u16) -> State {
        self.states.get(usize::from(number)).copied().filter(|_| number < u16::MAX).unwrap_or(Self::UNKNOWN)
    }

    /// The state of the row with `order` rows before it.
    pub(super) fn of(&self, order: u32) -> State {
        let number = usize::try_from(order).ok().and_then(|at| self.numbers.get(at));
        number.map_or(Self::UNKNOWN, |number| self.state(*number))
    }

    /// Says something else about a row.
    pub(super) fn change(&mut self, order: u32, change: impl FnOnce(&mut State)) {
        let mut state = self.of(order);
        change(&mut state);
        let number = self.number_of(state);
        let at = usize::try_from(order).ok().and_then(|at| self.numbers.get_mut(at));
        if let Some(at) = at {
            *at = number;
        }
    }

    /// For each row what `tell` says of its state, which is asked once for each that there is.
    pub(super) fn told<T: Copy>(&self, tell: impl Fn(State) -> T) -> impl Iterator<Item = T> {
        let known = self.states.iter().take(u16::MAX.into());
        let told: Vec<T> = known.map(|state| tell(*state)).collect();
        let unknown = tell(Self::UNKNOWN);
        self.numbers.iter().map(move |number| told.get(usize::from(*number)).copied().unwrap_or(unknown))
    }

    /// How many rows are in which state.
    pub(super) fn counts(&self) -> impl Iterator<Item = (State, u64)> {
        let mut rows = vec![0; self.states.len()];
        for number in &self.numbers {
            if let Some(rows) = rows.get_mut(usize::from(*number)) {
                *rows += 1;
            }
        }
        self.states.iter().copied().zip(rows)
    }
}

/// Which number a state got is of no account.
impl PartialEq for Docket {
    fn eq(&self, other: &Self) -> bool {
        self.told(|state| state).eq(other.told(|state| state))
    }
}

impl Eq for Docket {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{Decision, Rule};

    #[test]
    fn what_is_said_about_a_row_is_said_of_it_again() {
        let idle = |reason| State::idle(reason, false);
        let mut docket = Docket::default();
        for reason in KeepReason::ALL {
            docket.push(idle(reason));
            docket.push(idle(KeepReason::NoRule));
        }
        docket.change(3, |state| state.decision = Decision::Prune(Rule::MaxEntries));
        let expected = |at: usize| KeepReason::ALL.get(at / 2).copied().filter(|_| at.is_multiple_of(2));
        for (at, state) in docket.told(|state| state).enumerate() {
            assert_eq!(state.prunes(), at == 3);
            assert_eq!(state.standing, idle(expected(at).unwrap_or(KeepReason::NoRule)).standing);
        }
        assert_eq!(docket.counts().map(|(_, rows)| rows).sum::<u64>(), 30);
        assert_eq!(docket.counts().find(|(state, _)| state.prunes()).map(|(_, rows)| rows), Some(1));
        assert_eq!(docket.of(30), Docket::UNKNOWN);
    }
}
