//! Column `marks` of table [`facets`](super::facets): small facts about an item and a task, as the view `derived_facets` lays them out.

use crate::queue::ItemState;

/// A group of bits in column `marks`, as the view lays them out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    shift: u32,
    bits: i64,
}

impl Mark {
    /// State of the item: its place in [`ItemState::ALL`](crate::queue::ItemState::ALL).
    pub const ITEM_STATE: Self = Self { shift: 0, bits: 0b11 };
    /// State of the task, likewise.
    pub const TASK_STATE: Self = Self { shift: 2, bits: 0b11 };
    /// The item is flagged.
    pub const FLAGGED: Self = Self { shift: 4, bits: 1 };
    /// The item has an image.
    pub const HAS_IMAGE: Self = Self { shift: 5, bits: 1 };
    /// The task is the response.
    pub const IS_RESPONSE: Self = Self { shift: 7, bits: 1 };
    /// Label of the newest verdict: none, safe, controversial, unsafe, sensitive.
    pub const GUARD_LABEL: Self = Self { shift: 8, bits: 0b111 };
    /// Label of the decision in force: none, safe, controversial, unsafe.
    pub const DECIDED_LABEL: Self = Self { shift: 11, bits: 0b11 };
    /// The labels of two guards differ.
    pub const GUARDS_DIFFER: Self = Self { shift: 13, bits: 1 };
    /// The decision and the newest verdict differ.
    pub const OVERRIDDEN: Self = Self { shift: 14, bits: 1 };
    /// The item stands otherwise for somebody: see [`seen_states`](super::seen_states).
    pub const IS_APART: Self = Self { shift: 15, bits: 1 };

    /// Its bits, where they lie.
    pub(super) const fn mask(self) -> i64 {
        self.bits << self.shift
    }
}

/// What some of the marks must be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// Which bits are asked.
    pub mask: i64,
    /// What they must be.
    pub value: i64,
}

impl Marks {
    /// This mark must have this value.
    pub fn require(&mut self, mark: Mark, value: i64) {
        let bits = mark.mask();
        self.mask |= bits;
        self.value = (self.value & !bits) | ((value << mark.shift) & bits);
    }

    /// A mark of states must say this one.
    pub fn require_state(&mut self, mark: Mark, state: ItemState) {
        let code = match state {
            ItemState::Pending => 0,
            ItemState::Decided => 1,
            ItemState::Skipped => 2,
            ItemState::Escalated => 3,
        };
        self.require(mark, code);
    }
}
