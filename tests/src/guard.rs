use std::{
    io::Write,
    os::unix::process::CommandExt,
    process::{Child, ChildStdin, Command, Stdio},
};

use anyhow::Context;

/// Reads `add PID` and `remove PID`; when its input ends, because the harness dropped it or died, kills what is left.
const SCRIPT: &str = r#"
left=" "
while read -r verb pid; do
  case $verb in
    add) left="$left$pid " ;;
    remove) left="${left%% $pid *} ${left#* $pid }" ;;
  esac
done
for pid in $left; do kill -s KILL "$pid" 2>/dev/null; done
"#;

/// Sees to it that no service outlives the harness, even when that is killed with a signal nothing can catch.
#[derive(Debug)]
pub(crate) struct Guard {
    shell: Child,
    input: Option<ChildStdin>,
}

impl Guard {
    pub(crate) fn start() -> anyhow::Result<Self> {
        let mut shell = Command::new("sh")
            .args(["-c", SCRIPT])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Out of reach of a Ctrl-C at the terminal: the guard goes last.
            .process_group(0)
            .spawn()
            .context("cannot start sh")?;
        let input = shell.stdin.take();
        Ok(Self { shell, input })
    }

    pub(crate) fn add(&mut self, pid: u32) -> anyhow::Result<()> {
        self.tell(&format!("add {pid}\n"))
    }

    /// To be called once the process has been waited for: its number may then belong to somebody else.
    pub(crate) fn remove(&mut self, pid: u32) -> anyhow::Result<()> {
        self.tell(&format!("remove {pid}\n"))
    }

    fn tell(&mut self, line: &str) -> anyhow::Result<()> {
        let input = self.input.as_mut().context("the guard has no input")?;
        input.write_all(line.as_bytes()).context("the guard has ended")
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.input = None;
        // Nobody is left to tell; the guard's shell ends by itself.
        let _ = self.shell.wait();
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use super::*;

    const KILLED: Option<i32> = Some(9);

    fn sleeper() -> Child {
        Command::new("sleep").arg("60").spawn().expect("sleep can be run")
    }

    #[test]
    fn what_still_runs_when_the_harness_is_gone_is_killed() {
        let mut guard = Guard::start().expect("a guard can be started");
        let (mut one, mut other) = (sleeper(), sleeper());
        guard.add(one.id()).expect("the guard listens");
        guard.add(other.id()).expect("the guard listens");
        drop(guard);
        assert_eq!(one.wait().expect("it can be waited for").signal(), KILLED);
        assert_eq!(other.wait().expect("it can be waited for").signal(), KILLED);
    }

    #[test]
    fn a_process_that_has_been_waited_for_is_left_alone() {
        let mut guard = Guard::start().expect("a guard can be started");
        let (mut removed, mut kept) = (sleeper(), sleeper());
        guard.add(removed.id()).expect("the guard listens");
        guard.add(kept.id()).expect("the guard listens");
        guard.remove(removed.id()).expect("the guard listens");
        drop(guard);
        assert_eq!(kept.wait().expect("it can be waited for").signal(), KILLED);
        assert!(removed.try_wait().expect("it can be asked").is_none(), "a removed process was killed");
        removed.kill().expect("it still runs");
        removed.wait().expect("it can be waited for");
    }
}
