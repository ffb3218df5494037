//! Many numbers in little memory.

use std::{iter, slice};

/// Numbers one after the other, each in as few bytes as it needs: one below 128, two below 16,384, ten at most.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Packed(Vec<u8>);

/// Seven bits a byte, the lowest first; this one says that more follow.
const MORE: u8 = 0x80;

impl Packed {
    pub(crate) fn push(&mut self, mut number: u64) {
        loop {
            let [low, ..] = number.to_le_bytes();
            number >>= 7;
            if number == 0 {
                return self.0.push(low & !MORE);
            }
            self.0.push(low | MORE);
        }
    }

    /// How many bytes they take.
    #[cfg(test)]
    pub(crate) const fn size(&self) -> usize {
        self.0.len()
    }

    /// The numbers in the order in which they came.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u64> {
        let mut bytes = self.0.iter();
        iter::from_fn(move || read(&mut bytes))
    }
}

fn read(bytes: &mut slice::Iter<'_, u8>) -> Option<u64> {
    let (mut number, mut shift) = (0, 0);
    for byte in bytes {
        number |= u64::from(byte & !MORE) << shift;
        if byte & MORE == 0 {
            return Some(number);
        }
        shift += 7;
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_number_takes_as_many_bytes_as_it_says() {
        for (number, bytes) in [(0, 1), (127, 1), (128, 2), (16_383, 2), (16_384, 3), (u64::MAX, 10)] {
            let mut packed = Packed::default();
            packed.push(number);
            assert_eq!((packed.size(), packed.iter().collect::<Vec<_>>()), (bytes, vec![number]));
        }
    }

    proptest! {
        #[test]
        fn numbers_come_back_in_order(numbers in prop::collection::vec((any::<u64>(), 0..64_u32), 0..50)) {
            let numbers: Vec<u64> = numbers.into_iter().map(|(number, shift)| number >> shift).collect();
            let mut packed = Packed::default();
            for number in &numbers {
                packed.push(*number);
            }
            prop_assert_eq!(packed.iter().collect::<Vec<_>>(), numbers);
        }
    }
}
