import Testing
import Workspaces

/// What tells two revisions apart, in terms of definitions.
@Suite struct DifferenceTests {
    private static func difference(_ changes: [String: String?]) -> [String] {
        var files = Shop.files
        for (file, text) in changes { files[file] = text }
        return WorkspaceDifference(from: Shop.files, to: files).changes.flatMap { change in
            ["\(change.sign.rawValue) \(change.kind) \(change.name)"]
                + change.details.map { detail in
                    let values = [detail.before, detail.after].compactMap(\.self).joined(separator: " → ")
                    return "  \(detail.sign.rawValue) \(detail.key) \(values)" + (detail.place.map { " | \($0)" } ?? "")
                }
        }
    }

    private static func edited(_ file: String, _ old: String, _ new: String) -> [String] {
        difference([file: Shop.files[file]!.replacing(old, with: new)])
    }

    @Test func theSameFilesDoNotDiffer() {
        #expect(Self.difference([:]) == [])
    }

    @Test func remarksAndFormAreNoDefinition() {
        #expect(
            Self.edited("journeys/welcome.yaml", "stage: do\n", "# a remark\nstage: \"do\"\n")
                == ["~ file journeys/welcome.yaml"])
    }

    @Test func stepsAreToldByWhatLiesBeforeThem() {
        #expect(
            Self.edited("journeys/welcome.yaml", "- wait: 2d", "- wait: 1d")
                == ["~ journey welcome", "  ~ step wait 2d → wait 1d | after thanks"])
        #expect(
            Self.edited("journeys/welcome.yaml", "  - wait: 2d\n", "  - wait: 2d\n  - {email: offer, step: early}\n")
                == ["~ journey welcome", "  + step email offer | after thanks"])
        #expect(
            Self.edited("journeys/welcome.yaml", "  - email: thanks\n    step: thanks-again\n", "")
                == ["~ journey welcome", "  - step email thanks | after thanks"])
    }

    @Test func nestedStepsAndOtherKeysAreCompared() {
        #expect(
            Self.edited("journeys/welcome.yaml", "then: [{email: offer}]", "then: [{wait: 1h}, {email: offer}]")
                == ["~ journey welcome", "  + step wait 1h | after thanks-again"])
        #expect(
            Self.edited("journeys/welcome.yaml", "within: 14d", "within: 7d") == [
                "~ journey welcome",
                "  ~ goal {when: run.did(\"Order Completed\"), within: 14d} → "
                    + "{when: run.did(\"Order Completed\"), within: 7d}",
            ])
        #expect(
            Self.edited("journeys/welcome.yaml", "exit: {when: '!consented(\"offers\")'}\n", "") == [
                "~ journey welcome", "  - exit {when: !consented(\"offers\")}",
            ])
    }

    @Test func stagesScoresTopicsAndSettingsHaveNames() {
        #expect(
            Self.edited("stages.yaml", ">= 10", ">= 20") == [
                "~ stage think", "  ~ when score(\"engagement\") >= 10 → score(\"engagement\") >= 20",
            ])
        #expect(
            Self.edited("workspace.yaml", "time_zone: Europe/Amsterdam", "time_zone: UTC") == [
                "~ setting time_zone", "  ~  Europe/Amsterdam → UTC",
            ])
        #expect(
            Self.edited("workspace.yaml", "topic: onboarding", "topic: start") == [
                "- topic onboarding", "+ topic start",
            ])
        let swapped = """
            stages:
              - stage: see
              - {stage: do, when: 'did("Order Completed")'}
              - {stage: think, when: 'score("engagement") >= 10'}
            """
        #expect(
            Self.difference(["stages.yaml": swapped]) == ["~ order stages", "  ~  see, think, do → see, do, think"])
    }

    @Test func aMailIsOneDefinitionOfSeveralFiles() {
        #expect(
            Self.edited("emails/offer/body.txt.mustache", "An offer.", "A better one.") == [
                "~ e-mail offer",
                "  ~ body.txt An offer.\n{{workspace.address}}\n{{links.unsubscribe}}\n → "
                    + "A better one.\n{{workspace.address}}\n{{links.unsubscribe}}\n",
            ])
        #expect(
            Self.edited("emails/offer/email.yaml", "An offer", "Only now") == [
                "~ e-mail offer", "  ~ subject An offer → Only now",
            ])
    }

    @Test func journeysComeAndGo() {
        let vip = "journey: vip\nenter: {event: X}\nsteps:\n  - wait: 1d\n  - if: 'true'\n    then: [{email: offer}]\n"
        #expect(
            Self.difference(["journeys/vip.yaml": vip, "journeys/welcome.yaml": nil]) == [
                "+ journey vip", "  + step wait 1d", "  + step if true", "  + step email offer", "- journey welcome",
            ])
    }
}
