import Model
import Testing
import Workspaces

/// What the proofs of consents lack.
@Suite struct ConsentGapTests {
    private static let noon = Timestamp(seconds: 1_772_445_600)

    private static func workspace(_ more: String = "") throws -> Workspace {
        var files = Shop.files
        files["workspace.yaml"]! = files["workspace.yaml"]!.replacing(
            "topics:", with: "topics:\n  - {topic: letters, wording: \"Yes, letters\"\(more)}")
        let loaded = Workspace.load(files: files)
        return try #require(loaded.workspace, "\(loaded.findings)")
    }

    private static func line(
        _ state: ConsentEntry.State = .given, topic: String = "letters", at hours: Int64 = 0,
        address: String = "a@b.example", wording: String? = "Yes, letters", source: String = "form",
        proof: [ConsentProof.Member: String] = [.ip: "192.0.2.1"]
    ) -> ConsentEntry {
        var stated = ConsentProof()
        for (member, text) in proof { stated[member] = text }
        return ConsentEntry(
            contact: ContactKey(workspace: WorkspaceID(rawValue: 1), contact: .derived("a contact")), topic: topic,
            address: address, at: noon + .hours(hours), eventID: "\(state) \(hours)", state: state, wording: wording,
            source: source, proof: stated)
    }

    private static func gaps(_ ledger: [ConsentEntry], _ more: String = "") throws -> [[ConsentGap]] {
        try workspace(more).proofs(in: ledger).map(\.gaps)
    }

    @Test func whatIsProvedLacksNothing() throws {
        #expect(try Self.gaps([Self.line()]) == [[]])
        let hash = ConsentProof.hash(of: "Yes, letters")
        #expect(try Self.gaps([Self.line(proof: [.actor: "desk", .wordingHash: hash])]) == [[]])
    }

    @Test func eachGapIsNamed() throws {
        #expect(try Self.gaps([Self.line(wording: nil)]) == [[.wording]])
        #expect(try Self.gaps([Self.line(wording: "")]) == [[.wording]])
        #expect(try Self.gaps([Self.line(source: "")]) == [[.source]])
        #expect(try Self.gaps([Self.line(source: "import: ")]) == [[.source]])
        #expect(try Self.gaps([Self.line(proof: [.version: "1", .language: "en"])]) == [[.evidence]])
        #expect(try Self.gaps([Self.line(proof: [.ip: "192.0.2.1", .wordingHash: "00"])]) == [[.alteredWording]])
        #expect(try Self.gaps([Self.line(topic: "gone")]) == [[.topic]])
        #expect(try Self.gaps([Self.line(wording: nil, source: "", proof: [:])]) == [[.wording, .source, .evidence]])
    }

    @Test func whereTheTopicAsksForItAConfirmationIsMissed() throws {
        let more = ", double_opt_in: true"
        #expect(try Self.gaps([Self.line()], more) == [[.confirmation]])
        #expect(try Self.gaps([Self.line(proof: [.confirmedAt: "2026-03-02T10:00:00Z"])], more) == [[.evidence]])
        #expect(try Self.gaps([Self.line(proof: [.messageID: "m"])], more) == [[]])
    }

    @Test func onlyWhatHoldsIsLookedAt() throws {
        #expect(try Self.gaps([Self.line(wording: nil), Self.line(at: 1)]) == [[]])
        #expect(try Self.gaps([Self.line(wording: nil), Self.line(.withdrawn, at: 1)]) == [])
        // A withdrawal that names no address is of all.
        #expect(try Self.gaps([Self.line(wording: nil), Self.line(.withdrawn, at: 1, address: "")]) == [])
        #expect(try Self.gaps([Self.line(.pending), Self.line(.denied, at: 1)]) == [])
        let two = [Self.line(wording: nil), Self.line(.withdrawn, at: 1, address: "other@b.example")]
        #expect(try Self.gaps(two) == [[.wording]])
    }

    @Test func aLineKnowsWhatHoldsInItsPlace() {
        let (first, last) = (Self.line(), Self.line(.withdrawn, at: 1))
        #expect([first, last].successor(of: first) == last)
        #expect([first, last].successor(of: last) == nil)
        let anywhere = Self.line(at: 2, address: "")
        #expect([first, last, anywhere].successor(of: anywhere) == nil)
    }
}
