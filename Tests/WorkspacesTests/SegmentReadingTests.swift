import JourneyProgram
import Model
import Testing
import Workspaces

/// Segments, personas, and the journeys that start on them.
@Suite struct SegmentReadingTests {
    private static let buyers = "segment: buyers\nwhen: did(\"Order Completed\")\n"

    @Test func segmentsAndPersonasAreRead() throws {
        let loaded = Shop.load([
            "segments/buyers.yaml": Self.buyers,
            "segments/active.yaml": """
            segment: active-buyers
            stage: do
            when: in_segment("buyers") && did("Page Viewed", "7d")
            description: Those who bought and still look around.
            """,
            "personas.yaml": """
            personas:
              - {persona: regular, when: in_segment("active-buyers")}
              - {persona: developer, when: contact.role == "developer"}
            default: visitor
            """,
        ])
        #expect(loaded.findings == [])
        let shop = try #require(loaded.workspace)
        #expect(shop.segments.map(\.name) == ["buyers", "active-buyers"], "each after those it asks for")
        let active = try #require(shop.segment(named: "active-buyers"))
        #expect(active.stage == "do" && active.file == "segments/active.yaml")
        #expect(active.description == "Those who bought and still look around.")
        #expect(shop.personas.ordered.map(\.name) == ["regular", "developer"] && shop.personas.fallback == "visitor")
        #expect(shop.interestingEvents.contains("Page Viewed"))
    }

    @Test func aJourneyStartsOnASegment() throws {
        let loaded = Shop.load([
            "segments/buyers.yaml": Self.buyers,
            "journeys/hello.yaml": """
            journey: hello
            enter: {segment: buyers, again: per-entry, backfill: true}
            steps: [{wait: 1d}]
            """,
            "journeys/once.yaml": """
            journey: once
            enter: {segment: buyers}
            exit: {when: '!in_segment("buyers")'}
            steps: [{wait: 1d}]
            """,
            "journeys/again.yaml": """
            journey: again
            enter: {left: buyers, again: {every: 30d}}
            steps: [{wait: 1d}]
            """,
        ])
        #expect(loaded.findings == [])
        let shop = try #require(loaded.workspace)
        #expect(shop.journeys(startingOnLeaving: "buyers").map(\.journey.name) == ["again"])
        let again = shop.journey(named: "again")?.journey
        #expect(again?.entryKey(forLeaving: "buyers", ordinal: 2, isBackfill: false) == "left 2")
        #expect(again?.entryKey(forLeaving: "buyers", ordinal: 2, isBackfill: true) == nil)
        #expect(again?.entryKey(forSegment: "buyers", ordinal: 2, isBackfill: false) == nil)
        #expect(again?.entry.again.interval == .days(30))
        #expect(shop.journeys(startingOnSegment: "buyers").map(\.journey.name) == ["hello", "once"])
        let (hello, once) = (shop.journey(named: "hello")?.journey, shop.journey(named: "once")?.journey)
        #expect(hello?.entryKey(forSegment: "buyers", ordinal: 3, isBackfill: true) == "3")
        #expect(hello?.entryKey(forSegment: "others", ordinal: 3, isBackfill: false) == nil)
        #expect(once?.entryKey(forSegment: "buyers", ordinal: 3, isBackfill: false) == "")
        #expect(once?.entryKey(forSegment: "buyers", ordinal: 3, isBackfill: true) == nil)
    }

    @Test func aCircleIsNamed() {
        let findings = Shop.load([
            "segments/a.yaml": "segment: a\nwhen: '!in_segment(\"b\")'",
            "segments/b.yaml": "segment: b\nwhen: in_segment(\"c\") || did(\"X\")",
            "segments/c.yaml": "segment: c\nwhen: in_segment(\"a\")",
            "segments/d.yaml": "segment: d\nwhen: in_segment(\"a\")",
        ]).findings.map(\.description)
        #expect(findings == ["segments/a.yaml:2:7  segments ask for each other in a circle (a → b → c → a)"])
    }

    @Test func aSegmentThatAsksForItselfIsACircle() {
        let findings = Shop.load(["segments/a.yaml": "segment: a\nwhen: in_segment(\"a\")"]).findings
        #expect(findings.map(\.help) == ["a → a"])
    }

    @Test(arguments: [
        ("segments/x.yaml", "segment: x\nwhen: in_segment(\"buyer\")", "2:18  unknown segment"),
        ("segments/x.yaml", "segment: x\nstage: doo\nwhen: 'true'", "2:8  unknown stage \"doo\""),
        ("segments/x.yaml", "segment: x", "1:1  a segment has no \"when\""),
        ("segments/x.yaml", "segment: x\nwhen: run.did(\"X\")", "only available inside a journey"),
        ("segments/x.yaml", "segment: buyers\nwhen: 'true'", "stands in segments/buyers.yaml as well"),
        ("segments/x.yaml", "segment: x\nwhen: 'true'\nif: y", "3:1  unknown key \"if\" in a segment"),
        ("personas.yaml", "personas: []", "1:1  personas.yaml has no \"default\""),
        ("personas.yaml", "personas: [{persona: a, when: in_segment(\"nobody\")}]\ndefault: x", "unknown segment"),
        ("journeys/x.yaml", "journey: x\nenter: {segment: buyer}\nsteps: [end]", "2:18  unknown segment \"buyer\""),
        (
            "journeys/x.yaml", "journey: x\nenter: {segment: buyers, when: 'true'}\nsteps: [end]",
            "an entry by segment has no \"when\" (the segment is its condition)"
        ),
        (
            "journeys/x.yaml", "journey: x\nenter: {segment: buyers, again: per-key}\nsteps: [end]", "needs a \"key\""
        ),
        (
            "journeys/x.yaml", "journey: x\nenter: {event: X, backfill: true}\nsteps: [end]",
            "only an entry by segment has \"backfill\""
        ),
        ("journeys/x.yaml", "journey: x\nenter: {left: buyer}\nsteps: [end]", "2:15  unknown segment \"buyer\""),
        (
            "journeys/x.yaml", "journey: x\nenter: {left: buyers, again: per-key}\nsteps: [end]", "needs a \"key\""
        ),
        (
            "journeys/x.yaml", "journey: x\nenter: {segment: buyers, backfill: soon}\nsteps: [end]",
            "\"backfill\" is true or false"
        ),
    ])
    func aFaultIsFoundAtItsPlace(file: String, text: String, message: String) {
        let findings = Shop.load(["segments/buyers.yaml": Self.buyers, file: text]).findings.map(\.description)
        #expect(findings.contains { $0.hasPrefix("\(file):") && $0.contains(message) }, "\(findings)")
    }

    @Test func aStageAsksForNoSegment() {
        let findings = Shop.load([
            "segments/buyers.yaml": Self.buyers,
            "stages.yaml": "stages:\n  - stage: see\n  - {stage: do, when: in_segment(\"buyers\")}",
        ]).findings.map(\.description)
        #expect(findings.contains { $0.hasPrefix("stages.yaml:3:23  a stage cannot ask for a segment") }, "\(findings)")
    }

    @Test func whatMakesNoFactsLeavesTheDigestAlone() throws {
        func digest(_ changes: [String: String?]) throws -> String {
            try #require(Shop.load(changes).workspace).audienceDigest.description
        }
        let plain = try digest([:])
        #expect(try plain == digest(["emails/offer/body.txt.mustache": "Other: {{links.unsubscribe}}"]))
        #expect(try plain != digest(["segments/buyers.yaml": Self.buyers]))
        #expect(try plain != digest(["personas.yaml": "default: all"]))
        #expect(try plain != digest(["stages.yaml": Shop.files["stages.yaml"]! + "  # other\n"]))
    }
}
