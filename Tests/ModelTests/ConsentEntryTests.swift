import Model
import Testing

/// Which of several lines of the ledger holds.
@Suite struct ConsentEntryTests {
    private static let anne = ContactKey(workspace: WorkspaceID(rawValue: 1), contact: UniqueID(high: 0, low: 1))
    private static let noon = Timestamp(seconds: 43_200)

    private static func line(
        _ state: ConsentEntry.State, _ seconds: Int64, id: String = "e", source: String = "server"
    ) -> ConsentEntry {
        ConsentEntry(
            contact: anne, topic: "news", address: "anne@example.com", at: noon + .seconds(seconds), eventID: id,
            state: state, wording: nil, source: source)
    }

    private static func standing(_ lines: [ConsentEntry]) -> ConsentEntry.State? {
        var held: [ConsentEntry] = []
        for line in lines { held.take(line) }
        // The whole ledger and what was taken in one by one say the same.
        #expect(held.holding(at: "anne@example.com").map(\.state) == lines.holding(at: "anne@example.com").map(\.state))
        return held.first?.state
    }

    @Test func aRequestEndsNoConsentAndTakesNoWithdrawalBack() {
        #expect(Self.standing([Self.line(.given, 0), Self.line(.pending, 9)]) == .given)
        #expect(Self.standing([Self.line(.withdrawn, 0), Self.line(.pending, 9)]) == .withdrawn)
        #expect(Self.standing([Self.line(.denied, 0), Self.line(.pending, 9)]) == .denied)
        #expect(Self.standing([Self.line(.pending, 9), Self.line(.given, 0)]) == .given)
        #expect(Self.standing([Self.line(.pending, 0), Self.line(.pending, 9)]) == .pending)
    }

    @Test func aRefusalOfTheSameInstantHolds() {
        for state in [ConsentEntry.State.withdrawn, .denied] {
            #expect(Self.standing([Self.line(state, 0, id: "a"), Self.line(.given, 0, id: "b")]) == state)
            #expect(Self.standing([Self.line(.given, 0, id: "b"), Self.line(state, 0, id: "a")]) == state)
        }
    }

    @Test func theOrderInWhichLinesComeMattersNot() {
        var seed = SeededNumbers(seed: 7)
        for _ in 0..<500 {
            let lines = (0..<6).map { number in
                Self.line(
                    ConsentEntry.State.allCases.randomElement(using: &seed)!, Int64.random(in: 0...3, using: &seed),
                    id: "\(number)", source: Bool.random(using: &seed) ? "import: csv" : "server")
            }
            let first = lines.holding(at: "anne@example.com").map(\.state)
            for _ in 0..<6 {
                let shuffled = lines.shuffled(using: &seed)
                #expect(shuffled.holding(at: "anne@example.com").map(\.state) == first, "\(lines)")
            }
        }
    }

    @Test func proofKeepsWhatIsTextAndCutsWhatIsLong() {
        let proof = ConsentProof(
            .object([
                "version": .int(3), "language": .string("nl"), "url": .string(String(repeating: "x", count: 2000)),
                "ip": .object([:]), "other": .string("no"),
            ]))
        #expect(proof.version == 3)
        #expect(proof[.language] == "nl")
        #expect(proof[.url]?.utf8.count == ConsentProof.limit)
        #expect(proof[.ip] == nil)
        #expect(ConsentProof(proof.json) == proof)
        #expect(
            ConsentProof.hash(of: "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }
}

private struct SeededNumbers: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    /// SplitMix64.
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}
