//! [`Strided`]: what one of several products left in a row that they share.

/// Rows of numbers inside wider ones.
#[derive(Clone, Copy, Debug)]
pub struct Strided<'a> {
    /// From the first number of the first row on.
    pub numbers: &'a [f32],
    /// Numbers from the beginning of a row to that of the next.
    pub stride: usize,
}

impl<'a> Strided<'a> {
    /// Rows of `width` numbers, one after the other.
    #[must_use]
    pub fn dense(numbers: &'a [f32], width: usize) -> Self {
        Self { numbers, stride: width }
    }

    /// Whether there are `count` rows of `width` numbers that do not overlap.
    pub(crate) fn holds(self, count: usize, width: usize) -> bool {
        count == 0 || width <= self.stride && (count - 1) * self.stride + width <= self.numbers.len()
    }
}
