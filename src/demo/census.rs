//! The beds of the wards and who lies in them: arrivals, moves and departures keep the census steady.
//!
//! ```text
//! fill ─► admit ─► chart ⟲, bloods ⟲ ─► leave ─► fill (of the same bed, some hours later)
//!                                         └─► from the emergency department: to a vacant ward bed
//! ```
//! A bed has at most one stay, and a stay at most one open task of each kind: that bounds what is
//! kept. A task of a patient who has left finds another stay number and does nothing.

use crate::demo::cast::{KNOWN_BEFORE, MEMBERS, Member};
use crate::demo::chance::Chance;
use crate::demo::clinic;
use crate::demo::desk::Desk;
use crate::demo::illness::Illness;
use crate::demo::person::{Person, born};
use crate::demo::places::{EMERGENCY, FIVE_WEST, WARDS, Ward};
use crate::demo::profile::{EMERGENCIES, MEDICAL, Profile, SURGICAL};
use crate::demo::stay::{Bloods, Course, Place, Stay};
use crate::domain::time::{Span, Timestamp};

/// Something that happens at a bed.
#[derive(Clone, Copy, Debug)]
pub struct BedTask {
    bed: usize,
    stay: i64,
    what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    /// The record system meets a patient of the first day, long before the stay.
    Introduce,
    /// That patient comes to the clinic.
    Visit,
    /// The patient arrives.
    Admit,
    /// A charting round.
    Chart,
    /// A blood draw.
    Bloods,
    /// The patient leaves, if fit to.
    Leave,
    /// Somebody new comes, if the bed is still vacant.
    Fill,
}

/// What is planned next.
pub type Plans = Vec<(Timestamp, BedTask)>;

/// The beds.
#[derive(Debug)]
pub struct Census {
    seed: u64,
    start: Timestamp,
    beds: Vec<Bed>,
    n_stays: i64,
    chance: Chance,
}

#[derive(Debug)]
struct Bed {
    ward: &'static Ward,
    number: i64,
    stay: Option<Stay>,
}

impl Census {
    /// Beds for `n_patients`, all of them taken on the first day, and what is planned for them. The
    /// people of the stories have a bed in any case.
    pub fn new(seed: u64, start: Timestamp, n_patients: u32) -> (Census, Plans) {
        let chance = Chance::labelled(seed, "census");
        let mut census = Census { seed, start, beds: Vec::new(), n_stays: 0, chance };
        let mut plans = Vec::new();
        let mut n_others = 0;
        for (index, ward) in (0_u32..).zip(WARDS) {
            let n_beds = n_patients / 3 + u32::from(index < n_patients % 3);
            let mut members = MEMBERS.iter().filter(|member| *member.ward == *ward);
            for number in 1.. {
                let stay = match members.next() {
                    Some(member) => census.told_stay(member),
                    None if i64::from(n_beds) < number => break,
                    None => {
                        n_others += 1;
                        census.first_stay(ward, format!("demo-{}", 2_000 + n_others))
                    }
                };
                let stay_number = stay.number;
                let (known, leaves) = census.known_and_leaving(&stay, ward);
                let bed = census.beds.len();
                let task = |what| BedTask { bed, stay: stay_number, what };
                plans.push((known, task(What::Introduce)));
                plans.push((stay.arrived_at, task(What::Admit)));
                plans.push((leaves, task(What::Leave)));
                census.beds.push(Bed { ward, number, stay: Some(stay) });
            }
        }
        (census, plans)
    }

    /// Sends every place.
    pub fn open(&self, desk: &mut Desk) {
        for ward in WARDS {
            let beds = self.beds.iter().filter(|bed| *bed.ward == *ward);
            let last = beds.map(|bed| bed.number).max().unwrap_or(0);
            ward.open(desk, desk.now, last);
        }
    }

    /// Does a task, and says what follows from it.
    pub fn run(&mut self, task: BedTask, desk: &mut Desk) -> Plans {
        if task.what == What::Fill {
            return self.fill(task.bed, desk);
        }
        let start = self.start;
        let Some(bed) = self.beds.get_mut(task.bed) else { return Plans::new() };
        let place = Place { ward: bed.ward, bed_number: bed.number, since: desk.now };
        let stay = bed.stay.as_mut().filter(|stay| stay.number == task.stay);
        let Some(stay) = stay else { return Plans::new() };
        match task.what {
            What::Introduce => {
                clinic::introduce(desk, &stay.person, stay.profile, &mut stay.chance);
                first_visit(task, desk.now, stay)
            }
            What::Visit => {
                clinic::visit(desk, &stay.person, stay.profile, &mut stay.chance);
                next_visit(task, desk.now, stay)
            }
            What::Admit => {
                stay.admit(desk, place);
                let mut plans = vec![(desk.after(600), task.then(What::Chart))];
                if stay.bloods == Bloods::Drawn {
                    plans.push((desk.after(1_500), task.then(What::Bloods)));
                }
                plans
            }
            What::Chart => stay.chart(desk, start).map(|next| (next, task)).into_iter().collect(),
            What::Bloods => vec![(stay.draw_blood(desk), task)],
            What::Leave if stay.is_fit_to_leave() => self.leave(task, desk),
            What::Leave => vec![(desk.now.plus(Span::from_hours(4)), task)],
            What::Fill => Plans::new(),
        }
    }

    /// A patient in a bed that chance picks, if it is taken.
    pub fn somebody(&self, now: Timestamp, chance: &mut Chance) -> Option<&Stay> {
        let bed = chance.pick(&self.beds);
        bed.stay.as_ref().filter(|stay| stay.arrived_at < now)
    }

    fn told_stay(&mut self, member: &'static Member) -> Stay {
        let (family, given) = member.name;
        let birth = born(self.start, member.age, 100);
        let id = member.id.to_owned();
        let person = Person { id, family, given, sex: member.sex, birth };
        let arrived_at = self.start.minus(Span::from_hours(member.hours.0));
        let bloods = member.bloods;
        let stay = self.stay(person, member.profile, arrived_at);
        Stay { course: Course::Told(member.script), bloods, ..stay }
    }

    /// The stay of an ordinary patient of the first day.
    fn first_stay(&mut self, ward: &'static Ward, id: String) -> Stay {
        let longest = if *ward == EMERGENCY { 6 * 60 } else { 72 * 60 };
        let before = Span::from_minutes(self.chance.between(40, longest));
        let profile = self.chance.pick(profiles(ward));
        let person = Person::invent(id, profile.ages, self.start, &mut self.chance);
        self.stay(person, profile, self.start.minus(before))
    }

    fn stay(&mut self, person: Person, profile: &'static Profile, arrived_at: Timestamp) -> Stay {
        self.n_stays += 1;
        Stay {
            number: self.n_stays,
            chance: Chance::labelled(self.seed, &person.id),
            person,
            profile,
            course: Course::Ordinary(Illness::arriving(profile.severity)),
            bloods: Bloods::Drawn,
            arrived_at,
            places: Vec::new(),
            charted_at: arrived_at,
            version: 1,
        }
    }

    /// Since when a patient of the first day is known, and when they leave.
    fn known_and_leaving(&mut self, stay: &Stay, ward: &'static Ward) -> (Timestamp, Timestamp) {
        let known = self.start.minus(Span::from_days(self.chance.between(700, 1_000)));
        match MEMBERS.iter().find(|member| member.id == stay.person.id) {
            Some(member) => {
                (self.start.minus(KNOWN_BEFORE), self.start.plus(Span::from_hours(member.hours.1)))
            }
            None => {
                let latest = if *ward == EMERGENCY { 5 * 60 } else { 80 * 60 };
                let after = Span::from_minutes(self.chance.between(30, latest));
                (known, self.start.plus(after))
            }
        }
    }

    /// Somebody new in a vacant bed.
    fn fill(&mut self, bed_index: usize, desk: &mut Desk) -> Plans {
        let vacant = self.beds.get(bed_index).filter(|bed| bed.stay.is_none());
        let Some(ward) = vacant.map(|bed| bed.ward) else { return Plans::new() };
        let profile = self.chance.pick(profiles(ward));
        let id = format!("demo-{}", 10_000 + self.n_stays);
        let person = Person::invent(id, profile.ages, desk.now, &mut self.chance);
        let mut stay = self.stay(person, profile, desk.after(60));
        clinic::introduce(desk, &stay.person, profile, &mut stay.chance);
        let leaves = desk.now.plus(length_of_stay(ward, &mut self.chance));
        let admit = BedTask { bed: bed_index, stay: stay.number, what: What::Admit };
        let plans = vec![(stay.arrived_at, admit), (leaves, admit.then(What::Leave))];
        if let Some(bed) = self.beds.get_mut(bed_index) {
            bed.stay = Some(stay);
        }
        plans
    }

    /// From the emergency department to a vacant ward bed in two of five cases, else home.
    fn leave(&mut self, task: BedTask, desk: &mut Desk) -> Plans {
        let Some(bed) = self.beds.get_mut(task.bed) else { return Plans::new() };
        let is_emergency = *bed.ward == EMERGENCY;
        let Some(mut stay) = bed.stay.take() else { return Plans::new() };
        let vacant_minutes =
            if is_emergency { self.chance.between(15, 80) } else { self.chance.between(90, 300) };
        let refill = desk.now.plus(Span::from_minutes(vacant_minutes));
        let mut plans = vec![(refill, task.then(What::Fill))];
        let is_moving = is_emergency && self.chance.between(1, 5) <= 2;
        let is_vacant = |bed: &&mut Bed| *bed.ward != EMERGENCY && bed.stay.is_none();
        let beds = (0..).zip(self.beds.iter_mut());
        let target = beds.filter(|_| is_moving).find(|(_, bed)| is_vacant(bed));
        let Some((index, bed)) = target else {
            stay.leave(desk);
            return plans;
        };
        let place = Place { ward: bed.ward, bed_number: bed.number, since: desk.now };
        stay.transfer(desk, place);
        let moved = BedTask { bed: index, ..task };
        plans.push((desk.after(900), moved.then(What::Chart)));
        let bloods = desk.now.plus(Span::from_hours(6));
        plans.push((bloods, moved.then(What::Bloods)));
        let leaves = desk.now.plus(length_of_stay(bed.ward, &mut self.chance));
        plans.push((leaves, moved.then(What::Leave)));
        bed.stay = Some(stay);
        plans
    }
}

impl BedTask {
    const fn then(self, what: What) -> BedTask {
        BedTask { what, ..self }
    }
}

fn profiles(ward: &Ward) -> &'static [Profile] {
    match ward {
        ward if *ward == FIVE_WEST => MEDICAL,
        ward if *ward == EMERGENCY => EMERGENCIES,
        _ => SURGICAL,
    }
}

fn length_of_stay(ward: &Ward, chance: &mut Chance) -> Span {
    let (least, most) = if *ward == EMERGENCY { (180, 480) } else { (2 * 1_440, 5 * 1_440) };
    Span::from_minutes(chance.between(least, most))
}

/// Stories tell their own past; everyone else has visits.
fn first_visit(task: BedTask, now: Timestamp, stay: &mut Stay) -> Plans {
    match stay.bloods {
        Bloods::Told => Plans::new(),
        Bloods::Drawn => next_visit(task, now, stay),
    }
}

/// The last visit is at least a week before the stay.
fn next_visit(task: BedTask, now: Timestamp, stay: &mut Stay) -> Plans {
    let next = now.plus(Span::from_minutes(stay.chance.between(90 * 1_440, 200 * 1_440)));
    let is_before_stay = next < stay.arrived_at.minus(Span::from_days(7));
    Some((next, task.then(What::Visit))).filter(|_| is_before_stay).into_iter().collect()
}
