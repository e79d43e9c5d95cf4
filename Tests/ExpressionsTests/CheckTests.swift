import Expressions
import Model
import Testing

@Suite struct CheckTests {
    /// What is wrong, and exactly where.
    @Test(arguments: [
        ("", 1, 1, "expected a value, found the end"), ("1 +", 1, 4, "expected a value, found the end"),
        ("contact.plan = 'x'", 1, 14, "unexpected character '='"), ("(true", 1, 6, "expected ')', found the end"),
        ("true true", 1, 6, "expected an operator or the end, found 'true'"),
        ("contact.", 1, 9, "expected a field name, found the end"),
        ("contact.in", 1, 9, "expected a field name, found 'in'"), ("did('a',)", 1, 9, "expected a value, found ')'"),
        ("for == 1", 1, 1, "'for' is a reserved word"), ("in == 1", 1, 1, "expected a value, found 'in'"),
        ("'a' == 1", 1, 5, "'==' is not defined between string and int"),
        ("did('x') > 3", 1, 10, "'>' is not defined between bool and int"),
        ("did('a') &&\n  count('b')", 2, 3, "'&&' needs bool, not int"),
        ("true ||\r\n\r\n 'é' + 1", 3, 6, "'+' is not defined between string and int"),
        ("count('x')", 1, 1, "this is int, but bool is needed here"), ("!count('x')", 1, 2, "'!' needs bool, not int"),
        ("-'a' == 'b'", 1, 1, "'-' needs int or double, not string"),
        ("1 ? true : false", 1, 1, "'?' needs bool, not int"),
        ("true ? 1 : 'a'", 1, 6, "the two sides of '?:' differ: int and string"),
        ("1 + 2.0 == 3.0", 1, 3, "'+' is not defined between int and double"),
        ("true ? true ? true : false : true", 1, 13, "expected ':', found '?'"),
        ("[1][true] == 1", 1, 5, "the index of a list is a number, not bool"),
        ("stage.x == 1", 1, 7, "string has no fields"),
        ("contact[1] == 1", 1, 8, "the keys of this map are string, not int"),
        ("{1.5: 1} == {}", 1, 2, "the key of a map is a string, int, uint or bool, not double"),
        ("null < null", 1, 6, "'<' is not defined between null and null"),
        ("'a' in ['b', 'c'] && 1 in ['b']", 1, 24, "'in' is not defined between int and list(string)"),
        ("contakt.plan == 'x'", 1, 1, "unknown name 'contakt'"), ("now > 1", 1, 1, "there is no 'now'"),
        ("did", 1, 1, "'did' is a function"),
        ("run.x('a')", 1, 5, "unknown function 'run.x'"),
        ("run == 1", 1, 1, "'run' stands only before a function: run.did(…), run.count(…), run.sum(…)"),
        ("contact.plan.matches('a+(')", 1, 22, "the pattern is wrong: missing ): a+("),
        ("contact.tags.exists(t, t == u)", 1, 29, "unknown name 'u'"),
        ("[1, 2].all(x, x)", 1, 15, "all needs bool, not int"), ("exists([1], x, x)", 1, 1, "exists is a macro"),
        ("[1].exists('x', true)", 1, 12, "a macro needs the name of a variable here"),
        ("[1].exists(x, x, true)", 1, 15, "'x' comes twice"),
        ("'a'.all(x, true)", 1, 5, "a macro goes through list or map, not string"),
        ("[1].map(x, x)[0] == 'a'", 1, 18, "'==' is not defined between int and string"),
        ("timestamp('x') == timestamp('2026-03-02T10:00:00Z')", 1, 11, "'x' is not a timestamp"),
        ("last('x').getHours('Nowhere') == 1", 1, 20, "'Nowhere' is not a time zone"),
        ("cuont('x') > 1", 1, 1, "unknown function 'cuont'"),
        ("contact.plan.startWith('a')", 1, 14, "unknown function 'startWith'"),
        ("startsWith('a', 'b')", 1, 1, "startsWith is a method"), ("contact.did('x')", 1, 9, "did is not a method"),
        ("in_segment(stage)", 1, 12, "in_segment needs the name of a segment as a literal string"),
        ("contact.?plan == 'x'", 1, 15, "'==' is not defined between optional(dyn) and string"),
        ("[?1] == []", 1, 3, "behind '?' stands an optional value, not int"),
        ("'a'.optMap(x, x) == 1", 1, 1, "optMap needs an optional value, not string"),
        ("google.Any{a: 1} == 1", 1, 8, "messages such as google.Any{…} are not available"),
        ("has(contact)", 1, 5, "has needs a field, such as has(contact.plan)"),
        ("has(contact['x'])", 1, 12, "has needs a field, such as has(contact.plan)"),
        ("did()", 1, 1, "did takes an event and, if wanted, a window: did(\"Order Completed\", \"7d\")"),
        ("did(contact.x)", 1, 13, "did needs the name of an event as a literal string"),
        ("did('a', 7)", 1, 10, "the window of did is a literal"),
        ("did('a', duration(contact.x))", 1, 10, "the window of did is a literal"),
        ("did('a', '7x')", 1, 10, "'7x' is not a duration"),
        ("did('a', '0s')", 1, 10, "a window is longer than nothing"),
        (
            "sum('a') > 1.0", 1, 1,
            "sum takes an event, a property and, if wanted, a window: sum(\"Order Completed\", \"revenue\", \"7d\")"
        ),
        ("consented(stage)", 1, 11, "consented needs a topic as a literal string"),
        ("score('a', 'b') > 1", 1, 1, "score takes one argument, not 2"),
        ("size(1) == 1", 1, 6, "size needs string, bytes, list or map, not int"),
        ("'a'.startsWith(1)", 1, 16, "startsWith needs string, not int"),
        ("contact.plan == ‘x’", 1, 17, "unexpected character '‘'"),
        ("contact.`a*b`", 1, 11, "this character cannot stand in a name between backticks"),
        ("event.properties.a == 1 &&\n\tcontact.plan === 'x'", 2, 17, "unexpected character '='"),
    ])
    func faults(_ source: String, _ line: Int, _ column: Int, _ message: String) throws {
        let error = try #require(checkError(source))
        #expect(error.message == message)
        #expect("\(error.line):\(error.column)" == "\(line):\(column)")
    }

    @Test func scopes() throws {
        #expect(checkError("event.name == 'x'", scope: .audience)?.message == "there is no event here")
        #expect(checkError("event.name == 'x'", scope: .entry) == nil)
        #expect(checkError("run.did('x')", scope: .entry)?.message == "run.did is only available inside a journey")
        #expect(checkError("run.did('x') && did('y')", scope: .run) == nil)
    }

    @Test func vocabulary() throws {
        let vocabulary = Vocabulary(
            events: ["Order Completed"], topics: ["onboarding", "news"], scores: ["engagement"],
            stages: ["See", "Think"], segments: ["trial"])
        func fault(_ source: String) -> ExpressionError? { checkError(source, vocabulary: vocabulary) }
        #expect(
            fault("consented('onbording')")
                == ExpressionError(
                    message: "unknown topic 'onbording'", line: 1, column: 11,
                    help: "did you mean 'onboarding'? topics are news, onboarding"))
        #expect(fault("consented('x')")?.help == "topics are news, onboarding")
        #expect(fault("did('order completed')")?.help == "did you mean 'Order Completed'? events are Order Completed")
        #expect(fault("score('fit') > 1")?.message == "unknown score 'fit'")
        #expect(fault("in_segment('trail')")?.help == "did you mean 'trial'? segments are trial")
        #expect(fault("in_segment('trial')") == nil)
        #expect(fault("stage == 'Do'")?.column == 10)
        #expect(fault("'Do' != stage")?.message == "unknown stage 'Do'")
        #expect(fault("stage in ['See', 'Do']")?.column == 18)
        #expect(fault("stage in ['See', 'Think'] && stage != ''") == nil)
        #expect(checkError("consented('a')", vocabulary: Vocabulary(topics: []))?.help == "there are no topics")
    }

    @Test func help() throws {
        #expect(checkError("did('x') > 3")?.help == "did answers true or false, count(\"…\") answers a number")
        #expect(checkError("contact.x = 1")?.help == "equality is '=='")
        #expect(checkError("1 + 2.0 == 3.0")?.description.hasSuffix("a double is written 2.0)") == true)
        #expect(checkError("cuont('x') > 1")?.help?.hasPrefix("did you mean 'count'?") == true)
    }

    @Test func mentions() throws {
        let expression = try Expression(
            """
            (did("A", "7d") || run.count("B") > 1) && sum("C", "x", duration("48h")) > 1.0 && sum("C", "y") > 1.0
            && consented("news") && score("fit") > 3 && in_segment("trial") && event.properties.a == contact.b && stage == "Do"
            """, scope: [.entry, .run])
        #expect(expression.mentionedEvents == ["A", "B", "C"])
        #expect(expression.mentionedEventProperties == ["C": ["x", "y"]])
        #expect(expression.mentionedTopics == ["news"])
        #expect(expression.mentionedScores == ["fit"])
        #expect(expression.mentionedSegments == ["trial"])
        #expect(expression.longestWindow == .days(7))
        #expect(expression.usesWindows && expression.usesRun && expression.usesEvent && expression.isTimeDependent)
        #expect(expression.usesContact && expression.usesStage)
        let plain = try Expression("did('A')", scope: .audience)
        #expect(!plain.usesWindows && !plain.usesRun && !plain.isTimeDependent && plain.longestWindow == nil)
    }

    /// By what is parsed, and not by the letters of it.
    @Test(
        arguments: [
            ("event.context.page.url == 'x'", ["context"]), ("event['context'].ip != ''", ["context"]),
            ("has(event.page.stage)", ["page"]), ("event.properties.context == 'page'", []),
            ("contact.context == 'page'", []), ("'context' in event", ["context", "page"]),
            ("event['con' + 'text'].a == 1", ["context", "page"]), ("event[?'page'].hasValue()", ["context", "page"]),
            ("[1].exists(event, event == 1)", []), ("event.name.startsWith('context')", []),
        ] as [(String, Set<String>)]) func membersOfTheEvent(source: String, read: Set<String>) throws
    {
        let expression = try Expression(source, scope: .event)
        #expect(Set(["context", "page"].filter(expression.readsEvent)) == read)
    }

    @Test func expectedTypes() throws {
        #expect(checkError("event.properties.order_id", expecting: .string) == nil)
        #expect(checkError("count('x')", expecting: .string)?.message == "this is int, but string is needed here")
        #expect(checkError("['a']", expecting: .list(.string)) == nil)
        #expect(checkError("[1]", expecting: .list(.string)) != nil)
    }
}
