//! What an expression can cost at most, by the sizes of what it names. Kubernetes does the same; the
//! evaluator itself cannot be interrupted, so nothing is begun that might not end.

mod plan;

use super::size::{Size, Whole};
pub(super) use plan::{LoopPlan, Plan, Work};

/// The most work of all evaluations of one review together. A step is some 50 ns at the most.
pub(super) const MOST_STEPS: u64 = 4_000_000;
/// The most memory of one evaluation, in bytes.
pub(super) const MOST_BYTES: u64 = 40 << 20;
/// What a value in a list or map takes, in bytes: the box, its slot, a key.
const NODE_BYTES: u64 = 160;
/// The part of it that is there when a list is copied whose items are shared.
const SLOT_BYTES: u64 = 48;

/// Bounds of work and memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cost {
    pub steps: u64,
    pub bytes: u64,
}

impl Cost {
    pub(super) fn steps(steps: u64) -> Self {
        Self { steps, bytes: 0 }
    }

    /// Whether it is within what one review may cost, after what is `spent`.
    pub(super) fn is_within_budget(self, spent: u64) -> bool {
        self.steps.saturating_add(spent) <= MOST_STEPS && self.bytes <= MOST_BYTES
    }

    /// To copy a value.
    fn copy(value: Whole) -> Self {
        Self {
            steps: 1 + value.own_nodes.saturating_mul(2) + value.own_bytes / 256,
            bytes: value
                .own_nodes
                .saturating_mul(NODE_BYTES)
                .saturating_add(value.own_bytes)
                .saturating_add(SLOT_BYTES),
        }
    }

    /// To make the evaluator's own maps and lists of what is lent, once.
    pub(super) fn lend(value: Whole) -> Self {
        Self {
            steps: value.nodes.saturating_mul(4),
            bytes: value.nodes.saturating_mul(NODE_BYTES),
        }
    }

    pub(super) fn and(self, other: Self) -> Self {
        Self {
            steps: self.steps.saturating_add(other.steps),
            bytes: self.bytes.saturating_add(other.bytes),
        }
    }

    fn or(self, other: Self) -> Self {
        Self {
            steps: self.steps.max(other.steps),
            bytes: self.bytes.max(other.bytes),
        }
    }

    fn times(self, count: u64) -> Self {
        Self {
            steps: self.steps.saturating_mul(count),
            bytes: self.bytes.saturating_mul(count),
        }
    }
}

/// What is known while a plan is walked.
pub(super) struct Walk<'w> {
    /// The sizes of the variables of the case.
    pub sizes: &'w [Size],
    /// The sizes of the loops' variables, the outermost first.
    pub loops: [Size; super::bounds::NESTED_LOOPS],
    /// How many of them there are.
    pub depth: usize,
    /// What was found so far.
    pub cost: Cost,
}

impl<'w> Walk<'w> {
    pub(super) fn new(sizes: &'w [Size]) -> Self {
        Self {
            sizes,
            loops: [Size::default(); super::bounds::NESTED_LOOPS],
            depth: 0,
            cost: Cost::default(),
        }
    }

    /// The size of what the plan evaluates to; its cost is added.
    pub(super) fn size(&mut self, plan: &Plan) -> Size {
        match plan {
            Plan::Constant(whole) => {
                self.steps(1);
                Size::uniform(*whole)
            }
            Plan::Variable(place) => {
                self.steps(2 + self.depth as u64);
                self.sizes.get(*place).copied().unwrap_or_default()
            }
            Plan::Loop(place) => {
                self.steps(2 + self.depth as u64);
                self.loops.get(*place).copied().unwrap_or_default()
            }
            Plan::Part(of) => {
                // A chain of names is looked up in every scope.
                self.steps(2 + self.depth as u64);
                self.size(of).part()
            }
            Plan::Index(parts) => {
                let [of, key] = parts.as_ref();
                let (of, key) = (self.size(of), self.size(key));
                self.steps(4 + key.whole.text / 256);
                of.part()
            }
            Plan::Simple(parts) => {
                self.steps(3);
                for part in parts {
                    self.size(part);
                }
                Size::uniform(Whole::SCALAR)
            }
            Plan::Choice(parts) => {
                let [condition, yes, no] = parts.as_ref();
                self.steps(2);
                self.size(condition);
                let before = self.cost;
                self.cost = Cost::default();
                let yes = self.size(yes);
                let cost = std::mem::take(&mut self.cost);
                let no = self.size(no);
                self.cost = before.and(cost.or(self.cost));
                yes.or(no)
            }
            Plan::Items(items) => self.items(items),
            Plan::Call(work, parts) => self.call(*work, parts),
            Plan::Loops(plan) => self.loops(plan),
        }
    }

    fn steps(&mut self, steps: u64) {
        self.cost.steps = self.cost.steps.saturating_add(steps);
    }

    fn add(&mut self, cost: Cost) {
        self.cost = self.cost.and(cost);
    }

    fn items(&mut self, items: &[Plan]) -> Size {
        let (mut all, mut each) = (Whole::default(), Whole::default());
        self.steps(4);
        for item in items {
            let size = self.size(item).whole;
            self.add(Cost::copy(size));
            self.steps(2);
            all = all.and(size);
            each = each.or(size);
        }
        Size::of_items(items.len() as u64, all, each)
    }

    fn loops(&mut self, plan: &LoopPlan) -> Size {
        let range = self.size(&plan.range);
        let before = std::mem::take(&mut self.cost);
        let count = range.whole.length.min(range.whole.nodes);
        if let Some(place) = self.loops.get_mut(self.depth) {
            *place = range.in_loop();
        }
        self.depth += 1;
        // The scope of an item: its variable, its result, their names.
        self.steps(14);
        for part in &plan.each {
            self.size(part);
        }
        let result = plan.result.as_ref().map(|result| {
            let result = self.size(result).whole;
            // Into a list of one, and from that into the macro's list.
            self.add(Cost::copy(result));
            self.add(Cost::copy(result));
            result
        });
        self.depth -= 1;
        let each = std::mem::replace(&mut self.cost, before);
        self.add(each.times(count));
        // All items together are no more than the list that they are in.
        let items = Cost::copy(range.looped).times(count);
        let whole = Cost::copy(range.whole).and(Cost::steps(count));
        self.add(if items.steps < whole.steps {
            items
        } else {
            whole
        });
        result.map_or(Size::uniform(Whole::SCALAR), |result| {
            Size::of_items(count, result.times(count), result)
        })
    }

    fn call(&mut self, work: Work, parts: &[Plan]) -> Size {
        let mut sizes = [Whole::default(); 3];
        let mut parts_of = Size::default();
        for (at, part) in parts.iter().enumerate() {
            let size = self.size(part);
            if let Some(place) = sizes.get_mut(at) {
                *place = size.whole;
            }
            parts_of = parts_of.or(size);
        }
        let [first, second, third] = sizes;
        let texts = first.text.saturating_add(second.text);
        self.steps(4);
        match work {
            Work::Equal => {
                // A look into a hash map each, and memory that is far apart.
                self.steps(first.nodes.min(second.nodes).saturating_mul(3));
                self.steps(first.bytes.min(second.bytes) / 256);
            }
            Work::Compare => self.steps(first.text.min(second.text) / 256),
            Work::In => {
                let each = first.nodes.min(second.nodes) + first.bytes.min(second.bytes) / 256;
                self.steps(
                    second
                        .length
                        .saturating_mul(each.min(first.nodes + first.bytes / 256)),
                );
            }
            Work::Read => self.steps(texts / 32),
            Work::Match(pattern) => {
                self.steps(8 + first.text.saturating_mul(pattern) / 3200 + first.text / 32);
            }
            Work::Search => {
                let places = first.text.saturating_mul(second.text.saturating_add(1)) / 32;
                self.add(Cost {
                    steps: places.saturating_add(texts / 8),
                    bytes: texts.saturating_mul(4),
                });
            }
            Work::Add => {
                let lists = first.length > 0 && second.length > 0;
                let made = Whole::made_text(texts);
                self.add(Cost {
                    steps: texts / 256,
                    bytes: texts,
                });
                if !lists {
                    return Size::uniform(made);
                }
                let both = first.and(second);
                self.add(Cost::copy(both));
                let length = first.length.saturating_add(second.length);
                self.steps(length.saturating_mul(2));
                let list = Size::of_items(length, both, parts_of.item);
                return parts_of.or(list).or(Size::uniform(made));
            }
            Work::Text => {
                let made = first.text.max(32);
                return self.text(made, texts / 8);
            }
            Work::Replace(least) => {
                let places = first.text / least.max(1) + 1;
                let made = places.saturating_mul(third.text).saturating_add(first.text);
                return self.text(made, texts / 16 + places);
            }
            Work::Split(least) => {
                let count = first.text / least.max(1) + 1;
                let part = Whole::made_text(first.text);
                self.add(Cost {
                    steps: count.saturating_mul(3) + texts / 16,
                    bytes: count.saturating_mul(NODE_BYTES).saturating_add(first.text),
                });
                let parts = Whole {
                    nodes: count,
                    ..part
                };
                return Size::of_items(count, parts, part);
            }
            Work::Join => {
                let between = first.length.saturating_mul(second.text);
                let made = first.bytes.saturating_add(between);
                return self.text(made, first.length);
            }
            Work::Optional => {
                self.add(Cost::copy(first));
                self.add(Cost::copy(second));
                return parts_of;
            }
        }
        Size::uniform(Whole::SCALAR)
    }

    /// A call that makes a text.
    fn text(&mut self, made: u64, steps: u64) -> Size {
        self.add(Cost {
            steps: steps.saturating_add(made / 256),
            bytes: made,
        });
        Size::uniform(Whole::made_text(made))
    }
}
