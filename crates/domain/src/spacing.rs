use std::time::Duration;

/// Where so many come in one pause, pauses grow.
const FLOOD: usize = 4;

/// Keeps apart what may come in floods: hardly at all while one or two come at a time, and twice as far, up to a bound,
/// each time that more have come meanwhile. Who is alone is served at once, and a flood costs a few a second.
#[derive(Debug)]
pub(crate) struct Spacing {
    least: Duration,
    most: Duration,
    pause: Duration,
}

impl Spacing {
    pub(crate) const fn between(least: Duration, most: Duration) -> Self {
        Self { least, most, pause: least }
    }

    /// How long the next has to wait.
    pub(crate) const fn pause(&self) -> Duration {
        self.pause
    }

    /// How many had come by the end of the pause.
    pub(crate) fn have_come(&mut self, count: usize) {
        match count {
            0 | 1 => self.pause = self.least,
            FLOOD.. => self.pause = (self.pause * 2).min(self.most),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_spaced_up_to_the_bound_until_it_is_over() {
        let milliseconds = Duration::from_millis;
        let mut spacing = Spacing::between(milliseconds(1), milliseconds(6));
        let mut pauses = vec![spacing.pause()];
        for count in [1, 4, 9, 5, 5, 3, 1, 0, 4] {
            spacing.have_come(count);
            pauses.push(spacing.pause());
        }
        assert_eq!(pauses, [1, 1, 2, 4, 6, 6, 6, 1, 1, 2].map(milliseconds));
    }
}
