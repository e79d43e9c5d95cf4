import Expressions
import Testing

/// Conditions that can never be true, found without a world.
@Suite struct ImpossibilityTests {
    @Test(arguments: [
        ("stage == \"see\" && stage == \"do\"", "stage == \"see\" and == \"do\"", 19),
        ("count(\"X\") > 5 && count(\"X\") < 3", "count(\"X\") > 5 and < 3", 19),
        ("count(\"X\", \"7d\") > 1 && 2 > count(\"X\", duration(\"7d\"))", "count(\"X\", \"7d\") > 1 and < 2", 25),
        ("count(\"X\") < 0", "count(\"X\") < 0", 1),
        ("did(\"X\") && !did(\"X\")", "count(\"X\") for did(\"X\") and for !did(\"X\")", 13),
        ("did(\"X\") && count(\"X\") == 0", "count(\"X\") for did(\"X\") and == 0", 13),
        ("run.did(\"X\") && !run.did(\"X\")", "run.count(\"X\") for run.did(\"X\") and for !run.did(\"X\")", 17),
        ("contact.plan in [\"a\", \"b\"] && contact.plan == \"c\"", "contact.plan in [\"a\", \"b\"] and == \"c\"", 31),
        ("contact.plan == \"a\" && contact[\"plan\"] != \"a\"", "contact.plan == \"a\" and != \"a\"", 24),
        ("score(\"s\") >= 10 && (did(\"Y\") && score(\"s\") < 10.0)", "score(\"s\") >= 10 and < 10.0", 34),
        ("contact.age > 5 && contact.age < -5", "contact.age > 5 and < -5", 20),
        ("consented(\"a\") && !consented(\"a\")", "consented(\"a\") is true and is not true", 19),
        ("!(contact.age > 5) && contact.age > 6", "contact.age <= 5 and > 6", 23),
        ("stage == \"a\" && stage == \"b\" || contact.x == 1 && contact.x == 2", "stage == \"a\" and == \"b\"", 17),
        ("false", "it is false", 1),
        ("did(\"X\") && false", "it is false", 13),
        ("contact[\"a.b\"] == 1 && contact[\"a.b\"] == 2", "contact[\"a.b\"] == 1 and == 2", 24),
        (
            "contact.big == 9007199254740993 && contact.big == 9007199254740992",
            "contact.big == 9007199254740993 and == 9007199254740992", 36
        ),
        ("contact.a == 1 && contact.a == 1.5", "contact.a == 1 and == 1.5", 19),
    ])
    func aContradictionIsFoundAtItsPlace(source: String, message: String, column: Int) throws {
        let fault = try #require(Impossibility(of: source), "\(source)")
        #expect(fault.message == message && fault.column == column && fault.line == 1, "\(fault)")
        // It is one: the expression compiles, and is not refused for another reason.
        _ = try Expression(source, scope: .run)
    }

    @Test(arguments: [
        "stage == \"see\" || stage == \"do\"", "count(\"X\") > 1 && count(\"X\") < 3", "count(\"X\") >= 0",
        "did(\"X\") && !did(\"X\", \"7d\")", "did(\"X\") && !run.did(\"X\")", "did(\"X\") && !did(\"Y\")",
        "contact.plan in [\"a\", \"b\"] && contact.plan == \"b\"", "contact.plan != \"a\" && contact.plan != \"b\"",
        "contact.age >= 5 && contact.age <= 5", "score(\"s\") > 1 && score(\"t\") < 1", "true", "!false",
        "contact.tags.exists(t, t == \"a\" && t == \"b\") || did(\"X\")", "stage == \"a\" ? did(\"X\") : did(\"Y\")",
        "contact[\"a.b\"] == 1 && contact.a.b == 2", "contact[\"a\"].b == 1 && contact[\"a.b\"] == 2",
        "contact.big == 9007199254740993 && contact.big != 9007199254740992",
        "contact.big > 9007199254740992 && contact.big < 9007199254740994",
        "contact.big in [9223372036854775807] && contact.big != 9223372036854775806",
        "contact.a == 1 && contact.a == 1u && contact.a == 1.0",
        "did(\"a\\\", \\\"7d\") && !did(\"a\", \"7d\")",
        "count(\"X\") > 1 && count(\"X\", \"7d\") < 1", "contact.a == 1 && contact.b == 2", "this is no expression",
    ])
    func whatMayComeTrueIsLeftAlone(source: String) {
        #expect(Impossibility(of: source) == nil)
    }

    @Test(arguments: [("false", true), ("!true", true), ("!!false", true), ("!(did(\"X\") || true)", false)])
    func whatSaysSoItselfIsToldFromAMistake(source: String, isLiteral: Bool) {
        #expect(Impossibility(of: source)?.isLiteral == isLiteral)
    }

    @Test func mentionsOfThePastSayWhereTheyStand() {
        let found = HistoryMention.all(in: "run.did(\"A\") ||\n count(\"B\", \"7d\") > 1")
        #expect(found.map(\.event) == ["A", "B"])
        #expect(found.map(\.isOfRun) == [true, false])
        #expect(found.map(\.line) == [1, 2] && found.map(\.column) == [9, 8])
    }
}
