//! An export whose file is not read on.

use std::io::{self, Write};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use cognate::Engine;
use cognate::exchange::Export;

use super::moment::Moment;
use super::proof::Proof;
use super::{File, Setting, WRITERS, is_sound};

const STEPS: usize = 25;

/// Only a writer that waits for the export takes longer.
const PATIENCE: Duration = Duration::from_secs(45);

/// A file whose first write takes until it is let go.
struct Held {
    is_reached: Sender<()>,
    is_let_go: Option<Receiver<()>>,
    file: Vec<u8>,
}

impl Write for Held {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(is_let_go) = self.is_let_go.take() {
            self.is_reached.send(()).expect("is awaited");
            // It is also let go when the test fails.
            let _ = is_let_go.recv();
        }
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writers write while an export waits in the midst of its file, which has none of their steps.
pub(crate) fn no_writer_waits_for_an_export(engines: Vec<Engine>, now: fn() -> Instant) {
    let setting = Setting::new(engines);
    let admin = setting.engines[0].admin();
    let (is_reached, reached) = channel();
    let (let_go, is_let_go) = channel();
    let mut held = Held { is_reached, is_let_go: Some(is_let_go), file: Vec::new() };
    thread::scope(|scope| {
        let export = Export::all().history(true);
        let exporting = scope.spawn(|| admin.export(export, &mut held));
        reached.recv().expect("the export begins");
        let (is_done, done) = channel();
        for number in 0..WRITERS {
            let (setting, is_done) = (&setting, is_done.clone());
            scope.spawn(move || is_done.send(setting.write(number, STEPS, now).len()));
        }
        drop(is_done);
        let have_written = (0..WRITERS).all(|_| done.recv_timeout(PATIENCE) == Ok(STEPS));
        assert!(!exporting.is_finished(), "the export is held");
        drop(let_go);
        exporting.join().expect("no panic").expect("exports");
        assert!(have_written, "a writer waits for the export");
    });
    is_sound(&held.file);
    let moment = Moment::of(&held.file, &setting.boards);
    Proof::new(&[const { Vec::new() }; WRITERS]).cut(&File {
        moment,
        answered: [0; WRITERS],
        begun: [0; WRITERS],
    });
}
