"""Cascade: the path of a measure from the employer's claim to the knowledge of each employee.

The stages of a measure are *claimed* (taken or planned), *implemented*, *communicated* and *known*; use is in `practice`. Each
stage is 0 or 1 for every employer or employee and changes with a probability per week. Information passes through levels of
hierarchy, the manager and the team, and employees forget it. The loss differs between kinds of measures. Teams also practise
measures on their own initiative. Reactive employers respond to reported complaints; isolated employees report least.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.language.curves import lasting, likelihood, ratio, score, switched, within
from sim.language.grammar import Mechanism, flow, param, stock, switch, trait


@dataclass(frozen=True)
class Cascade(Mechanism):
    """Loss of information about measures between employer and employee (the 2022 study; Vermeeren 2014)."""

    factor: float = param(0.50, "logit/sd", "effect of an employer's inclination to claim on each claim", low=0.2, high=1.0, source="assumed")
    widening: float = param(1.04, "ratio", "correction that keeps the mean share of claims despite the shared factor", low=1.0, high=1.1, source="definition")
    lapsing: float = param(0.0019, "1/week", "probability per week that an employer drops a claim", low=0.0, high=0.01, source="assumed", note="about ten years")
    carried_out: float = param(0.90, "share", "share of claimed measures that employers carry out", low=0.6, high=1.0, source="assumed detail_question")
    weeks_to_carry_out: float = param(8.0, "weeks", "mean time from claiming a measure to carrying it out", low=2.0, high=26.0, source="assumed")
    own_initiative: float = param(0.19, "share", "share of teams that practise a measure on their own initiative", low=0.0, high=0.35, source="fitted target:mismatch_manager")
    own_initiative_seen: float = param(0.85, "share", "awareness of the team's own initiatives, relative to employers' measures", low=0.5, high=1.0, source="fitted target:mismatch_employee")
    own_training: float = param(0.20, "ratio", "ratio of training to other measures on the team's own initiative", low=0.0, high=1.0, source="assumed")
    own_lasts: float = param(0.010, "1/week", "probability per week that a team's own initiative ends", low=0.003, high=0.03, source="assumed")
    managers_agreement: float = param(0.66, "share", "long-run share of managers who know an agreement in place", low=0.3, high=0.98, source="fitted")
    managers_encouragement: float = param(0.66, "share", "long-run share of managers who know an encouragement in place", low=0.3, high=0.98, source="fitted")
    managers_leadership: float = param(0.75, "share", "long-run share of managers who know a leadership measure in place", low=0.3, high=0.98, source="fitted")
    managers_provision: float = param(0.72, "share", "long-run share of managers who know a provision or contact in place", low=0.3, high=0.98, source="fitted")
    managers_training: float = param(0.85, "share", "long-run share of managers who know a training in place", low=0.3, high=0.98, source="fitted")
    others_agreement: float = param(0.52, "share", "share of non-managers who know an agreement if manager and team do", low=0.02, high=0.98, source="fitted")
    others_encouragement: float = param(0.59, "share", "share of non-managers who know an encouragement if manager and team do", low=0.02, high=0.98, source="fitted")
    others_leadership: float = param(0.46, "share", "share of non-managers who know a leadership measure if manager and team do", low=0.02, high=0.98, source="fitted")
    others_provision: float = param(0.56, "share", "share of non-managers who know a provision or contact if manager and team do", low=0.02, high=0.98, source="fitted")
    others_training: float = param(0.15, "share", "share of non-managers who know a training if manager and team do", low=0.01, high=0.98, source="fitted")
    forgetting: float = param(0.023, "1/week", "probability per week of forgetting a known measure", low=0.008, high=0.06, source="assumed", note="about 300 days")
    reminds: float = param(0.80, "share", "share of forgetting that experience of the measure prevents", low=0.0, high=1.0, source="assumed")
    reach: float = param(1.0, "ratio", "amount of communication about measures, relative to usual", low=0.0, high=10.0, source="definition", note="1: passive, by intranet and e-mail")
    managers_first: float = param(1.0, "ratio", "speed at which managers learn of measures, relative to usual", low=0.0, high=10.0, source="definition")
    checked: float = param(0.0, "1/week", "probability per week of a check whether an employee knows a measure", low=0.0, high=1.0, source="definition")
    told_on_arrival: float = param(0.0, "share", "probability that a newcomer is informed of each measure on arrival", low=0.0, high=1.0, source="definition")
    arrival_days: float = param(14.0, "days", "period after hiring in which newcomers are informed", low=7.0, high=30.0, source="definition")
    nothing_lost: float = param(0.0, "switch", "counterfactual: every implemented measure is known", low=0.0, high=1.0, source="definition")
    informing: float = param(0.84, "share", "share of employers that inform employees of measures", low=0.5, high=1.0, source="target:gives_information")
    weeks_to_tell: float = param(6.0, "weeks", "mean time from carrying out a measure to announcing it", low=1.0, high=26.0, source="assumed")
    untold: float = param(0.50, "share", "share of the usual information that spreads about unannounced measures", low=0.0, high=1.0, source="assumed")
    layer_loss: float = param(0.12, "share/layer", "share of information lost per layer of hierarchy above the usual number", low=0.0, high=0.3, source="assumed")
    usual_layers: float = param(2.0, "layers", "usual number of layers of hierarchy in an establishment", low=1.0, high=4.0, source="assumed")
    oversight: float = param(0.45, "share", "share of employers that actively oversee healthy home working", low=0.2, high=0.7, source="target:active_oversight")
    oversight_tells: float = param(0.30, "ratio", "relative improvement of communication by active oversight", low=0.0, high=1.0, source="assumed")
    from_manager: float = param(0.45, "share", "share of information that reaches employees through the manager", low=0.1, high=0.7, source="assumed E131")
    from_team: float = param(0.20, "share", "share of information that reaches employees through the team", low=0.0, high=0.3, source="assumed")
    isolated_hear_less: float = switch(True, "isolated employees hear less about measures", source="assumed")
    hearing_less: float = param(0.04, "log ratio/sd", "reduction of learning about measures by isolation from colleagues", low=0.0, high=0.30, source="assumed")
    reactive: float = switch(True, "employers without active oversight respond to reported complaints", source="assumed")
    usual_heard: float = param(0.20, "share", "share of employees whose complaints reach a reference employer", low=0.02, high=0.8, source="centred")
    most_reaction: float = param(3.0, "ratio", "largest factor by which complaints increase an employer's activity", low=1.5, high=5.0, source="assumed")
    speaks_up: float = param(-0.50, "logit", "average inclination to report a complaint to the employer", low=-2.0, high=1.0, source="assumed")
    isolated_keep_silent: float = param(0.30, "logit/sd", "reduction of reporting complaints by isolation from colleagues", low=0.0, high=0.8, source="assumed")
    complains_from: float = param(1.0, "sd", "exhaustion above which an employee has cause to complain", low=0.5, high=1.5, source="assumed")

    @trait("sd", per="establishment", stream="inclination_to_claim")
    def inclination_to_claim(self, normal):
        """Inclination of this employer to claim measures."""
        return normal

    @trait("0/1", per="establishment", stream="oversees_actively")
    def oversees_actively(self, uniform):
        """The employer oversees healthy home working actively; others wait for complaints."""
        return uniform < self.oversight

    @trait("share", per="measure of establishment")
    def usually_claimed(self, employer_share, inclination_to_claim):
        """Probability that this employer claims the measure on its own."""
        return (employer_share > 0) * likelihood(self.widening * score(employer_share) + self.factor * inclination_to_claim)

    @trait("0/1", per="measure of establishment", stream="claimed_at_start")
    def claimed_at_start(self, uniform, usually_claimed):
        """The employer claims the measure at the start."""
        return uniform < usually_claimed

    @trait("share", per="measure of establishment", stream="turn")
    def turn(self, uniform):
        """Order in which employers introduce the measure, as a share of employers from 0 to 1."""
        return uniform

    @trait("0/1", per="measure of establishment", stream="carries_out")
    def carries_out(self, uniform):
        """The employer carries out what it claims; others only plan it."""
        return uniform < self.carried_out

    @trait("0/1", per="measure of establishment")
    def implemented_at_start(self, claimed_at_start, carries_out):
        """The employer has carried out the measure at the start."""
        return claimed_at_start * carries_out

    @stock("0/1", start="claimed_at_start", per="measure of establishment", every="week", stream="claimed_by_itself")
    def claimed_by_itself(self, claimed_by_itself, uniform, usually_claimed, reaction):
        """The employer claims the measure on its own, as taken or planned."""
        return switched(claimed_by_itself, uniform, lasting(usually_claimed, self.lapsing) * reaction, self.lapsing)

    @flow("0/1", per="measure of establishment", every="week")
    def claimed(self, claimed_by_itself, turn, introduced_share, withdrawn):
        """The employer claims the measure, as taken or planned."""
        return np.maximum(claimed_by_itself, turn < introduced_share) * (1 - withdrawn)

    @stock("0/1", start="implemented_at_start", per="measure of establishment", every="week", stream="implemented")
    def implemented(self, implemented, uniform, claimed, carries_out):
        """The employer has carried out the measure."""
        return claimed * carries_out * np.maximum(implemented, uniform < 1 / self.weeks_to_carry_out)

    @trait("share", per="establishment", stream="silence")
    def silence(self, uniform):
        """Reluctance of this employer to inform employees, from 0 to 1."""
        return uniform

    @flow("0/1", per="establishment", every="week")
    def informs(self, silence):
        """The employer informs employees, mostly on the intranet and by e-mail."""
        return silence < self.informing

    @stock("0/1", start="implemented_at_start", per="measure of establishment", every="week", stream="communicated")
    def communicated(self, communicated, uniform, implemented, informs):
        """The employer has announced the measure to employees."""
        return implemented * informs * np.maximum(communicated, uniform < 1 / self.weeks_to_tell)

    @flow("share", per="measure of establishment", every="week")
    def word(self, implemented, communicated):
        """Information about the measure: complete once announced, partial if only carried out."""
        return implemented * (communicated + (1 - communicated) * self.untold)

    @flow("share", per="catalogue", every="week")
    def own_share(self, asked_in_study, only_managers_see):
        """Share of teams that practise the measure on their own initiative."""
        return asked_in_study * self.own_initiative * (1 - only_managers_see * (1 - self.own_training))

    @trait("0/1", per="measure of team", stream="does_itself_at_start")
    def does_itself_at_start(self, uniform, asked_in_study, only_managers_see):
        """The team practises the measure on its own initiative at the start."""
        return uniform < asked_in_study * self.own_initiative * (1 - only_managers_see * (1 - self.own_training))

    @stock("0/1", start="does_itself_at_start", per="measure of team", every="week", stream="does_itself")
    def does_itself(self, does_itself, uniform, own_share):
        """The team practises the measure on its own initiative, without a claim of the employer."""
        return switched(does_itself, uniform, lasting(own_share, self.own_lasts), self.own_lasts)

    @flow("0/1", per="measure of team", every="week")
    def in_place(self, implemented, does_itself, withdrawn):
        """The measure is in place for this team, from the employer or on its own initiative."""
        return np.maximum(implemented, does_itself) * (1 - withdrawn)

    @flow("share", per="catalogue", every="week")
    def heard_by_managers(self, is_agreement, is_encouragement, is_leadership, is_provision_and_contact, is_training):
        """Long-run share of managers who know a measure in place, through the usual channel."""
        soft = is_agreement * self.managers_agreement + is_encouragement * self.managers_encouragement
        hard = is_leadership * self.managers_leadership + is_provision_and_contact * self.managers_provision
        return soft + hard + is_training * self.managers_training

    @flow("share", per="catalogue", every="week")
    def heard_by_others(self, is_agreement, is_encouragement, is_leadership, is_provision_and_contact, is_training):
        """Share of employees who would know a measure in place if their manager and team all knew it."""
        soft = is_agreement * self.others_agreement + is_encouragement * self.others_encouragement
        hard = is_leadership * self.others_leadership + is_provision_and_contact * self.others_provision
        return soft + hard + is_training * self.others_training

    @flow("share", every="week")
    def speaks(self, exhaustion, arm_neck_shoulder_complaint, isolation_from_colleagues):
        """Reports a complaint to the employer; isolated employees do so least."""
        complains = np.maximum(arm_neck_shoulder_complaint, exhaustion > self.complains_from)
        return complains * likelihood(self.speaks_up - self.isolated_keep_silent * isolation_from_colleagues)

    @flow("share", per="establishment", every="week")
    def complaints_heard(self, establishment, speaks):
        """Share of employees whose complaints reach the employer."""
        return establishment.mean(speaks)

    @flow("ratio", per="establishment", every="week")
    def reaction(self, complaints_heard, oversees_actively):
        """Activity of the employer, relative to usual; reactive employers respond to complaints."""
        answer = within(complaints_heard / self.usual_heard, 0, self.most_reaction)
        return 1 + self.reactive * (1 - oversees_actively) * (answer - 1)

    @flow("ratio", per="establishment", every="week")
    def channel(self, oversees_actively, layers, reaction):
        """Quality of communication about measures in this establishment, relative to usual."""
        active = 1 + self.oversight_tells * (oversees_actively - self.oversight)
        lost = within(1 - self.layer_loss * (layers - self.usual_layers), 0, 2)
        return self.reach * active * lost * reaction

    @flow("0/1", per="measure", every="week")
    def manager_knows(self, manager, known):
        """The manager knows the measure."""
        return manager.of(known)

    @flow("0/1", per="measure", every="week")
    def manager_practises(self, manager, used):
        """The manager practises the measure."""
        return manager.of(used)

    @flow("ratio", per="measure", every="week")
    def manager_passes_on(self, manager_knows, manager_practises, is_through_manager, only_managers_see, use, hoops):
        """Information about the measure from the manager; a measure through the manager is seen in practice."""
        by_deed = is_through_manager * (1 - only_managers_see)
        return manager_knows + by_deed * (manager_practises * (2 - use * (1 - hoops)) - manager_knows)

    @flow("0/1", per="measure", every="week")
    def lives_it(self, used, manager_practises, is_through_manager, only_managers_see, is_manager):
        """Experiences the measure, and so remembers it: uses it, or sees the manager practise it."""
        practised = manager_practises * (1 - only_managers_see)
        return used + is_through_manager * (1 - is_manager) * (practised - used)

    @flow("1/week", per="catalogue", every="week")
    def usually_forgotten(self, use, hoops):
        """Probability of forgetting the measure this week, if a usual share experiences it."""
        return self.forgetting * (1 - self.reminds * use * (1 - hoops))

    @flow("share", per="measure of team", every="week")
    def team_knows(self, team, known):
        """Share of the team that knows the measure."""
        return team.mean(known)

    @flow("share", per="measure", every="week")
    def told_as_manager(self, implemented, word, does_itself, heard_by_managers, usually_forgotten, channel):
        """Probability that a manager learns of the measure this week."""
        usual = np.minimum(lasting(heard_by_managers, usually_forgotten) * channel * self.managers_first, 1)
        return np.maximum(np.maximum(word * usual, implemented * self.nothing_lost), does_itself)

    @flow("share", per="measure", every="week")
    def told_as_employee(
        self, implemented, word, does_itself, heard_by_others, usually_forgotten, channel, manager_passes_on, team_knows,
        isolation_from_colleagues, tenure,
    ):
        """Probability that an employee learns of the measure this week: from manager, team or channel."""
        direct = 1 - self.from_manager - self.from_team
        passed = self.from_manager * manager_passes_on + self.from_team * team_knows + direct * word
        less = ratio(0 - self.isolated_hear_less * self.hearing_less * isolation_from_colleagues)
        usual = np.minimum(lasting(heard_by_others, usually_forgotten) * channel * passed * less + self.checked, 1)
        own = does_itself * lasting(self.own_initiative_seen * heard_by_others, usually_forgotten)
        arrival = self.told_on_arrival * (tenure < self.arrival_days)
        return np.maximum(implemented * np.maximum(np.maximum(usual, arrival), self.nothing_lost), own)

    @trait("0/1", per="measure", stream="known_at_start")
    def known_at_start(self, uniform, implemented_at_start, does_itself_at_start, employer_share):
        """Knows the measure at the start."""
        return uniform < np.maximum(implemented_at_start, does_itself_at_start) * employer_share

    @stock("0/1", start="known_at_start", newcomer=0.0, per="measure", every="week", stream="known")
    def known(self, known, uniform, is_manager, told_as_manager, told_as_employee, lives_it):
        """Knows that the measure exists; a measure that is experienced is seldom forgotten."""
        informed = is_manager * told_as_manager + (1 - is_manager) * told_as_employee
        return switched(known, uniform, informed, self.forgetting * (1 - self.reminds * lives_it))

    @flow("measures", every="week")
    def measures_known(self, measures, known):
        """Number of measures known."""
        return measures.sum(known)
