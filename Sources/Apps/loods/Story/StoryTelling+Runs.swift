import JourneyProgram
import Model
import Store
import Workspaces

extension StoryTelling {
    var decisionLines: [StoryLine] {
        let runs = Dictionary(story.runs.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        return story.decisions.map { decision in
            let run = decision.run.flatMap { runs[$0] }
            return StoryLine(
                at: decision.at, kind: .run,
                order: "\(run?.enteredAt.description ?? "")\(decision.rank)\(decision.step ?? "")",
                text: words(decision, run),
                facts: [
                    "decision": .string(decision.kind), "journey": decision.journey.map { .string($0) } ?? .null,
                    "version": run.map { .int(Int64($0.journeyVersion)) } ?? .null,
                    "run": decision.run.map { .string($0.description) } ?? .null,
                    "step": decision.step.map { .string($0) } ?? .null, "choice": .string(decision.choice),
                    "saw": decision.saw ?? .null,
                ])
        }
    }

    /// Why a broadcast did not let the contact in.
    private func passedOver(_ decision: Decisions.Decision, _ journey: String) -> String {
        let occurrence = decision.saw?["occurrence"]?.string.map { " of \($0)" } ?? ""
        let why = decision.saw?["why"]?.string ?? "no reason was noted"
        let by = decision.saw?["by"]?.string.map { " (by contact \($0))" } ?? ""
        let due = decision.saw?["due"]?.string.map { " (by their own clock it was due at \($0))" } ?? ""
        return "not sent \(journey)\(occurrence): \(why)\(by)\(due)"
    }

    /// Why a cap did not let the contact in.
    private func turnedAway(_ decision: Decisions.Decision, _ journey: String) -> String {
        let occurrence = decision.saw?["occurrence"]?.string.map { " of \($0)" } ?? ""
        let cap = Journey.cap(in: decision.saw)
        let why = cap.map { cap in
            let entries = cap.atMost.counted("entry", "entries")
            return cap.within.map { ", at most \(entries) in \($0)" } ?? ", at most \(entries) in all"
        }
        let event = decision.saw?["event"]?.string.map { "\($0) happened, but " } ?? ""
        return "not let into \(journey)\(occurrence): \(event)its cap was full\(why ?? "")"
    }

    private func words(_ decision: Decisions.Decision, _ run: Run?) -> String {
        let journey = decision.journey ?? "a journey"
        switch decision.kind {
        case "entry" where decision.choice == Journey.turnedAway: return turnedAway(decision, journey)
        case "entry" where decision.choice == Journey.passedOver: return passedOver(decision, journey)
        case "entry" where decision.choice == Journey.turnCame:
            let since = decision.saw?["since"]?.string.flatMap { Timestamp(iso8601: $0) }
            return "began \(journey): its turn came" + (since.map { ", for which it waited \(decision.at - $0)" } ?? "")
        case "entry":
            return "entered \(journey)\(run.map { ", version \($0.journeyVersion)" } ?? ""), \(entry(decision, run))"
        case "end": return "left \(journey): \(ending(decision))"
        default:
            let step = decision.step.map { Journey.step(ofContentDecision: $0) ?? $0 } ?? ""
            return "\(journey) \(step): \(branch(decision))"
        }
    }

    private func entry(_ decision: Decisions.Decision, _ run: Run?) -> String {
        let saw = decision.saw ?? .null
        if let stage = saw["stage"]?.string { return "because stage \(stage) was reached" }
        if let occurrence = saw["occurrence"]?.string {
            return "because it was sent to segment \(saw["segment"]?.string ?? "") at \(occurrence)"
        }
        if let segment = saw["segment"]?.string { return "because segment \(segment) was entered" }
        if let segment = saw["left"]?.string { return "because segment \(segment) was left" }
        if let date = saw["date"]?.string { return "because \(date) came" }
        let event = saw["event"]?.string ?? "an event"
        let condition = saw["condition"]?.string.map { " and \($0)" } ?? ""
        let key = run.flatMap { $0.entryKey.isEmpty ? nil : ", key \($0.entryKey)" } ?? ""
        return "because \(event) happened\(condition)\(key)"
    }

    private func ending(_ decision: Decisions.Decision) -> String {
        let condition = decision.saw?["condition"]?.string
        return switch decision.choice {
        case "converted":
            "its goal was reached" + (condition.map { ", \($0)" } ?? "")
                + (decision.saw?["value"]?.number.map { ", worth \($0.short)" } ?? "")
        case "exited" where decision.saw?["not sent"] != nil:
            "\(decision.saw?["not sent"]?.string ?? "a mail") was not sent, and its run ends with it"
        case "exited" where decision.saw?["late after"] != nil: "its turn came too late"
        case "exited": "its exit came about" + (condition.map { ", \($0)" } ?? "")
        case "finished": "finished"
        case Stops.outcome: "stopped" + (decision.saw?["reason"]?.string.map { ": \($0)" } ?? "")
        default: decision.choice
        }
    }

    private func branch(_ decision: Decisions.Decision) -> String {
        let (saw, choice) = (decision.saw ?? .null, decision.choice)
        if let step = decision.step, Journey.step(ofContentDecision: step) != nil { return content(saw, choice) }
        if choice == "had before" { return "\(saw["template"]?.string ?? "a mail") was had before, so it was not sent" }
        if choice.hasPrefix("tries "), saw["variants"] != nil {
            return "\(choice.dropFirst(6)) was tried on the contact"
        }
        if let winner = saw["winner"]?.string, let scores = saw["scores"]?.array {
            let words = scores.map { score in
                let (counted, sent) = (score["counted"]?.number ?? 0, score["sent"]?.number ?? 0)
                return "\(score["variant"]?.string ?? "") \(counted.short) of \(sent.short)"
            }
            return "\(winner) had won (\(words.joined(separator: ", ")))"
        }
        if choice == "exhausted", let stream = saw["stream"]?.string {
            let count = saw["emails"]?.number.map { " \($0.short)" } ?? ""
            return "all\(count) e-mails of the stream \(stream) were had, so it sent none"
        }
        if choice == "held, went on" { return "its mail is held, and it went on meanwhile" }
        if choice.hasPrefix("late: ") { return "was due at \(saw["due"]?.string ?? "an earlier time"), so \(choice)" }
        if choice == "start", let journey = saw["start"]?.string { return "started \(journey)" }
        if choice == "stage", let stage = saw["stage"]?.string { return "brought to stage \(stage)" }
        if choice == "score", let given = saw["score"].flatMap({ GivenPoints($0) }) {
            return given.words
        }
        if choice == "set", let values = saw["set"]?.object {
            return "set \(values.keys.sorted().joined(separator: ", "))"
        }
        if let event = saw["event"]?.string { return "\(event) came, so it went on with \(choice)" }
        if let condition = saw["came true"]?.string { return "\(condition) came true, so it went on with \(choice)" }
        if let event = saw["waited for"]?.string { return "\(event) did not come in time, so it went on with else" }
        if let value = saw["value of"]?.string {
            return "\(value) was \(saw["value"]?.string ?? "nothing that a case can name"), so \(choice)"
        }
        if let shares = saw["share"]?.object {
            let total = shares.values.reduce(0) { $0 + ($1.number ?? 0) }
            return "fell into \(choice), \((shares[choice]?.number ?? 0).short) of \(total.short)"
        }
        if let until = saw["until"]?.string {
            return choice == "leave" ? "\(until), so it repeated no more" : "not \(until), so \(choice)"
        }
        if let conditions = saw["conditions"]?.array {
            return "none of \(conditions.compactMap(\.string).joined(separator: ", ")), so else"
        }
        guard let condition = saw["condition"]?.string else { return choice }
        return choice == "else" ? "not \(condition), so else" : "\(condition), so \(choice)"
    }

    /// What an e-mail showed, and why: `pixel-why shows hero pro, since contact.plan == "pro"`.
    private func content(_ saw: JSON, _ choice: String) -> String {
        let conditions = (saw["conditions"]?.object ?? [:]).sorted { $0.key < $1.key }.map { block, condition in
            condition.string.map { "\(block) since \($0)" } ?? "\(block) since nothing else fitted"
        }
        let standing = [("persona", saw["persona"]), ("stage", saw["stage"])].compactMap { what, value in
            value?.string.map { "\(what) \($0)" }
        }
        let reasons = (standing.isEmpty ? [] : ["seen in " + standing.joined(separator: " and ")]) + conditions
        let template = saw["template"]?.string ?? "the e-mail"
        return "\(template) was sent as \(choice.isEmpty ? "for everybody" : choice)"
            + (reasons.isEmpty ? "" : " (\(reasons.joined(separator: "; ")))")
    }

    // MARK: What each run waits for

    /// A line for each run that has not ended.
    var waits: [Wait] {
        story.runs.filter { $0.endedAt == nil }.map { run in
            let state = try? RunState(json: run.state)
            let pause = portrait.paused[run.journey].map { "; paused since \(local($0).full)" } ?? ""
            return Wait(run: run, step: state?.step, until: until(run, state), text: waiting(run, state) + pause)
        }
    }

    private func until(_ run: Run, _ state: RunState?) -> Timestamp? {
        switch state?.phase {
        case .waiting(let until)?, .waitingForEvent(_, let until)?: return until
        case .waitingForGoal?:
            let script = portrait.scripts[.init(journey: run.journey, version: run.journeyVersion)]
            return script?.goalWithin.flatMap { within in state.map { $0.startedAt + within } }
        case .arriving?, .sending?, .ended?, nil: return nil
        }
    }

    struct Wait {
        var run: Run
        var step: String?
        var until: Timestamp?
        var text: String

        var json: JSON {
            .object([
                "journey": .string(run.journey), "version": .int(Int64(run.journeyVersion)),
                "run": .string(run.id.description), "step": step.map { .string($0) } ?? .null,
                "until": until.map { .string($0.description) } ?? .null, "text": .string(text),
            ])
        }
    }

    /// The step of a broadcast that tries several e-mails, as the live definitions have it.
    private func testedStep(of run: Run) -> String? {
        portrait.definitions?.journey(named: run.journey)?.journey.test?.step
    }

    private func waiting(_ run: Run, _ state: RunState?) -> String {
        guard let state else { return "\(run.journey) stands at a step that this build cannot read" }
        let script = portrait.scripts[.init(journey: run.journey, version: run.journeyVersion)]
        let what = script?.wait(at: state.step)
        let pass = state.visit > 1 ? ", pass \(state.visit)" : ""
        let place = "\(run.journey), version \(run.journeyVersion), at \(state.step)\(pass):"
        switch state.phase {
        case .arriving where state.opensAt.map { $0 > portrait.now } ?? false:
            let opening = state.opensAt.map { local($0).full } ?? ""
            let turn = state.awaitsTurn ? ", and then for its turn" : ""
            return "\(place) waits until \(opening), when the contact's clocks show its time\(turn)"
        case .arriving where state.awaitsTurn:
            let since = run.waitsSince.map { ", since \(local($0).full)" } ?? ""
            return "\(place) waits for its turn\(since): a throttle lets few begin at once"
        case .arriving: return "\(place) about to go on"
        case .sending:
            let message = Journey.messageID(run: run.id, step: state.step, visit: state.visit)
            let mail = story.mails.first { $0.id == message }
            return "\(place) waits for its mail, \(mail.map { status($0) } ?? "not planned yet")"
        case .waiting(let until) where testedStep(of: run) == state.step:
            return "\(place) waits for what does best, until \(local(until).full)"
        case .waiting(let until):
            return "\(place) waits\(what.map { " (\($0))" } ?? "") until \(local(until).full)"
        case .waitingForEvent(_, let until):
            return "\(place) waits for \(what ?? "an event") until \(local(until).full)"
        case .waitingForGoal:
            let end = until(run, state).map { " until \(local($0).full)" } ?? ""
            return "\(run.journey), version \(run.journeyVersion): all steps are done, its goal is open\(end)"
        case .ended(let outcome): return "\(place) \(outcome.rawValue)"
        }
    }
}

extension Decisions.Decision {
    /// Within one activation the entry comes first and the end last.
    fileprivate var rank: Int { kind == "entry" ? 0 : kind == "end" ? 2 : 1 }
}
