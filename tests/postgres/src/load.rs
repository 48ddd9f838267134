//! Threads that register, merge, unlink and link users while something happens to the servers, and
//! a journal of the answers that they got.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use cognate::name::IdentityId;
use cognate::{Error, Result};

use crate::scene::Scene;
use crate::store::{is_unavailable, is_unknown, text};

/// The identities of the two users of a story.
type Places = [Option<IdentityId>; 2];

/// Two users, and where they must be.
#[derive(Debug)]
struct Story {
    users: [String; 2],
    places: Places,
}

/// The call of a story, in their order.
#[derive(Debug, Clone, Copy)]
enum Step {
    RegisterFirst,
    RegisterSecond,
    MergeFirstIntoSecond,
    UnlinkFirst,
    LinkFirst,
}

const STEPS: [Step; 5] = [
    Step::RegisterFirst,
    Step::RegisterSecond,
    Step::MergeFirstIntoSecond,
    Step::UnlinkFirst,
    Step::LinkFirst,
];

impl Step {
    /// Performs the call. Returns the identity of its answer, which an unlink has not.
    fn perform(self, scene: &Scene, story: &Story) -> Result<Option<IdentityId>> {
        let [first, second] = &story.users;
        let identity = || story.places[1].as_ref().expect("a registered user");
        match self {
            Self::RegisterFirst => scene.token(first).map(|(identity, _)| Some(identity)),
            Self::RegisterSecond => scene.token(second).map(|(identity, _)| Some(identity)),
            Self::MergeFirstIntoSecond => scene.merge(first, second).map(Some),
            Self::UnlinkFirst => scene.unlink(first, identity()).map(|()| None),
            Self::LinkFirst => scene.link(first, identity()).map(Some),
        }
    }

    /// The places after the call, if the answer is this identity.
    fn places(self, before: &Places, answer: Option<IdentityId>) -> Places {
        let [first, second] = before.clone();
        match self {
            Self::RegisterFirst => [answer, second],
            Self::RegisterSecond => [first, answer],
            Self::MergeFirstIntoSecond | Self::LinkFirst => [second.clone(), second],
            Self::UnlinkFirst => [None, second],
        }
    }

    /// The identity of the answer, if the call has happened and these are the places.
    fn answer(self, after: &Places) -> Option<IdentityId> {
        match self {
            Self::RegisterFirst | Self::LinkFirst => after[0].clone(),
            Self::RegisterSecond | Self::MergeFirstIntoSecond => after[1].clone(),
            Self::UnlinkFirst => None,
        }
    }
}

/// The answers of all threads.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    acknowledged: AtomicU64,
    unavailable: AtomicU64,
    unknown_and_happened: AtomicU64,
    unknown_and_absent: AtomicU64,
    last: Mutex<Option<Instant>>,
    gap_millis: AtomicU64,
    stories: Mutex<Vec<Story>>,
}

/// The time for a server to come back.
const OUTAGE_MAX: Duration = Duration::from_mins(2);

impl Journal {
    /// Lets threads work on the scene until `happenings` have ended.
    pub(crate) fn record(scene: &Scene, threads: usize, happenings: impl FnOnce()) -> Self {
        let (journal, is_over) = (Self::default(), AtomicBool::new(false));
        thread::scope(|scope| {
            for thread in 0..threads {
                let (journal, is_over) = (&journal, &is_over);
                scope.spawn(move || {
                    for number in 0.. {
                        if is_over.load(Ordering::Relaxed) {
                            return;
                        }
                        journal.tell(scene, &format!("{thread}-{number}"));
                    }
                });
            }
            let _end = End(&is_over);
            happenings();
        });
        journal
    }

    fn tell(&self, scene: &Scene, name: &str) {
        let users = [format!("first-{name}"), format!("second-{name}")];
        let mut story = Story { users, places: [None, None] };
        for step in STEPS {
            self.carry_out(step, scene, &mut story);
        }
        self.stories.lock().expect("no panic").push(story);
    }

    /// Repeats a call until it has happened.
    fn carry_out(&self, step: Step, scene: &Scene, story: &mut Story) {
        loop {
            match step.perform(scene, story) {
                Ok(answer) => {
                    self.acknowledge();
                    let places = step.places(&story.places, answer.clone());
                    assert_eq!(step.answer(&places), answer, "{step:?} of {story:?}");
                    story.places = places;
                    return;
                }
                Err(error) if is_unknown(&error) => {
                    let places = look(scene, &story.users);
                    if places == story.places {
                        self.unknown_and_absent.fetch_add(1, Ordering::Relaxed);
                        continue;
                    }
                    self.unknown_and_happened.fetch_add(1, Ordering::Relaxed);
                    let explained = step.places(&story.places, step.answer(&places));
                    assert_eq!(places, explained, "{step:?} of {story:?} left half of its change");
                    story.places = places;
                    return;
                }
                Err(error) if is_unavailable(&error) || matches!(error, Error::Contended) => {
                    self.unavailable.fetch_add(1, Ordering::Relaxed);
                    let places = look(scene, &story.users);
                    assert_eq!(places, story.places, "{step:?} has happened: {}", text(&error));
                }
                Err(error) => panic!("{step:?} of {story:?}: {}", text(&error)),
            }
        }
    }

    fn acknowledge(&self) {
        self.acknowledged.fetch_add(1, Ordering::Relaxed);
        let now = Instant::now();
        let last = self.last.lock().expect("no panic").replace(now);
        if let Some(last) = last {
            let gap = now.saturating_duration_since(last).as_millis();
            self.gap_millis.fetch_max(gap.try_into().expect("a short gap"), Ordering::Relaxed);
        }
    }

    /// Fails if an answer is lost: if a user is not where the last answer left it.
    pub(crate) fn verify(&self, scene: &Scene) {
        let stories = self.stories.lock().expect("no panic");
        for story in &*stories {
            assert_eq!(look(scene, &story.users), story.places, "the answers of {:?}", story.users);
        }
        scene.check();
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        println!(
            "{} answers acknowledged, 0 lost; {} calls unavailable; {} unknown that happened, \
             {} unknown that did not; longest gap between answers {} ms",
            count(&self.acknowledged),
            count(&self.unavailable),
            count(&self.unknown_and_happened),
            count(&self.unknown_and_absent),
            count(&self.gap_millis),
        );
        assert!(count(&self.acknowledged) >= 200, "too little load");
    }
}

/// Ends the load when the happenings end or panic.
struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// The places of users, once the servers answer again.
fn look(scene: &Scene, users: &[String; 2]) -> Places {
    let start = Instant::now();
    users.each_ref().map(|user| {
        loop {
            match scene.lookup(user) {
                Ok(identity) => return identity,
                Err(error) if start.elapsed() > OUTAGE_MAX => panic!("{user}: {}", text(&error)),
                Err(_) => thread::sleep(Duration::from_millis(20)),
            }
        }
    })
}
