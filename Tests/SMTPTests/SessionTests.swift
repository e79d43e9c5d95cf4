import Testing

@testable import SMTP

/// Drives a session by text: what it sends is compared, what the server says is given.
private struct Script {
    var session: SMTPSession

    init(
        _ encryption: SMTPConfiguration.Encryption = .none, credentials: SMTPConfiguration.Credentials? = nil
    ) throws {
        session = SMTPSession(
            try SMTPConfiguration(
                host: "mail.test", port: 25, encryption: encryption, credentials: credentials, helo: "me.test"))
    }

    mutating func says(_ text: String) throws -> SMTPSession.Action {
        var parser = ReplyParser()
        parser.append("\(text.replacing("\n", with: "\r\n"))\r\n".utf8)
        let reply = try #require(try parser.next())
        return session.received(reply)
    }

    /// Up to ready, with these capabilities.
    mutating func becomeReady(_ capabilities: String...) throws {
        #expect(session.begin() == .awaitReply(.greeting))
        #expect(try says("220 hi") == sending("EHLO me.test", .hello))
        let lines = ["mail.test"] + capabilities
        let text = lines.enumerated().map { "250\($0 == lines.count - 1 ? " " : "-")\($1)" }.joined(separator: "\n")
        #expect(try says(text) == .becomeReady)
    }

    mutating func start(size: Int = 100, eightBit: Bool = false) throws -> SMTPSession.Action {
        session.start(
            .init(
                envelope: try SMTPEnvelope(from: "f@me.test", to: "t@you.test"), size: size, hasEightBitBytes: eightBit)
        )
    }

    mutating func prepare() throws {
        _ = try start()
        _ = try says("250 ok")
        _ = try says("250 ok")
        #expect(try says("354 go") == .sendBody)
        #expect(session.bodySent() == .tellPrepared)
    }
}

private func sending(_ lines: String..., phase: SMTPPhase) -> SMTPSession.Action {
    .send(lines.flatMap { Array("\($0)\r\n".utf8) }, phase)
}

private func sending(_ line: String, _ phase: SMTPPhase) -> SMTPSession.Action { sending(line, phase: phase) }

private func error(_ action: SMTPSession.Action) -> SMTPError? {
    switch action {
    case .fail(let error), .tellRejected(let error): error
    case .tellOutcome(.deferred(let error)), .tellOutcome(.refused(let error)), .tellOutcome(.unknown(let error)): error
    case .tellOutcomeAndClose(.deferred(let error)), .tellOutcomeAndClose(.unknown(let error)): error
    default: nil
    }
}

@Suite struct SessionDeliveries {
    @Test func withoutPipeliningEachCommandAwaitsItsReply() throws {
        var script = try Script()
        try script.becomeReady()
        #expect(try script.start() == sending("MAIL FROM:<f@me.test>", .mail))
        #expect(try script.says("250 ok") == sending("RCPT TO:<t@you.test>", .recipient))
        #expect(try script.says("251 forwards") == sending("DATA", .data))
        #expect(try script.says("354 go") == .sendBody)
        #expect(script.session.bodySent() == .tellPrepared)
        #expect(script.session.commit() == sending(".", .finalDot))
        guard case .tellOutcome(.accepted(let reply)) = try script.says("250 2.0.0 queued as 1") else {
            Issue.record("not accepted")
            return
        }
        #expect(reply.enhancedCode == EnhancedStatusCode(2, 0, 0))
        #expect(try script.start() == sending("MAIL FROM:<f@me.test>", .mail))
    }

    @Test func withPipeliningThreeCommandsGoTogether() throws {
        var script = try Script()
        try script.becomeReady("PIPELINING", "SIZE 1000", "8BITMIME")
        let together = sending(
            "MAIL FROM:<f@me.test> SIZE=100 BODY=8BITMIME", "RCPT TO:<t@you.test>", "DATA", phase: .mail)
        #expect(try script.start(eightBit: true) == together)
        #expect(try script.says("250 ok") == .awaitReply(.recipient))
        #expect(try script.says("250 ok") == .awaitReply(.data))
        #expect(try script.says("354 go") == .sendBody)
    }

    @Test func aRefusedRecipientIsToldOnceTheServerHasReset() throws {
        for pipelining in [false, true] {
            var script = try Script()
            if pipelining { try script.becomeReady("PIPELINING") } else { try script.becomeReady() }
            _ = try script.start()
            _ = try script.says("250 ok")
            var action = try script.says("550 5.1.1 no <t@you.test>")
            if pipelining {
                #expect(action == .awaitReply(.data))
                action = try script.says("554 no valid recipients")
            }
            #expect(action == sending("RSET", .reset))
            let told = try #require(error(try script.says("250 ok")))
            #expect(told.phase == .recipient && told.reply?.code == 550 && told.concernsMessage && !told.isTransient)
            #expect(!"\(told)".contains("@"))
            #expect(try script.start() != .nothing && !script.session.isOver)
        }
    }

    @Test func a354AfterARefusedRecipientEndsTheConnection() throws {
        var script = try Script()
        try script.becomeReady("PIPELINING")
        _ = try script.start()
        _ = try script.says("250 ok")
        _ = try script.says("450 4.2.0 later")
        guard case .fail(let told) = try script.says("354 go") else {
            Issue.record("the connection goes on")
            return
        }
        #expect(told.phase == .recipient && told.isTransient && told.concernsMessage && script.session.isOver)
    }

    @Test(arguments: ["MAIL", "RCPT", "DATA"]) func refusalsAtEachVerb(_ verb: String) throws {
        for (text, isTransient) in [("450 4.7.1 later", true), ("550 5.7.1 never", false)] {
            var script = try Script()
            try script.becomeReady()
            _ = try script.start()
            if verb != "MAIL" { _ = try script.says("250 ok") }
            if verb == "DATA" { _ = try script.says("250 ok") }
            #expect(try script.says(text) == sending("RSET", .reset))
            let told = try #require(error(try script.says("250 ok")))
            #expect(told.phase.rawValue == verb && told.isTransient == isTransient && told.concernsMessage)
        }
    }

    @Test func aDemandForAuthenticationConcernsTheConnection() throws {
        var script = try Script()
        try script.becomeReady()
        _ = try script.start()
        _ = try script.says("530 5.7.0 authentication required")
        let told = try #require(error(try script.says("250 ok")))
        #expect(told.concernsConnection && !told.isTransient)
    }

    @Test func whatTheServerCannotTakeIsNotSent() throws {
        var script = try Script()
        try script.becomeReady("SIZE 99")
        #expect(error(try script.start(size: 100))?.code == .messageTooLarge)
        #expect(error(try script.start(size: 10, eightBit: true))?.code == .eightBitUnsupported)
        #expect(try script.start(size: 99) == sending("MAIL FROM:<f@me.test> SIZE=99", .mail))
    }
}

@Suite struct SessionOutcomes {
    @Test func theFinalReplyDecides() throws {
        for (text, expected) in [("250 ok", "accepted"), ("451 4.3.0 x", "deferred"), ("554 5.6.0 x", "refused")] {
            var script = try Script()
            try script.becomeReady()
            try script.prepare()
            _ = script.session.commit()
            guard case .tellOutcome(let outcome) = try script.says(text) else {
                Issue.record("no outcome")
                continue
            }
            #expect("\(outcome)".hasPrefix(expected))
            #expect(!script.session.isOver)
        }
    }

    @Test func a421InsteadOfAnAnswerDefersAndCloses() throws {
        var script = try Script()
        try script.becomeReady()
        try script.prepare()
        _ = script.session.commit()
        let action = try script.says("421 4.3.2 closing")
        guard case .tellOutcomeAndClose(.deferred(let told)) = action else {
            Issue.record("\(action)")
            return
        }
        #expect(told.concernsConnection && told.isTransient && script.session.isOver)
    }

    @Test(arguments: [SMTPError.Code.connectionLost, .timedOut, .malformedReply])
    func afterTheDotEveryFailureIsUnknown(_ code: SMTPError.Code) throws {
        var script = try Script()
        try script.becomeReady()
        try script.prepare()
        _ = script.session.commit()
        #expect(script.session.fail(code) == .tellOutcomeAndClose(.unknown(SMTPError(code, .finalDot))))
    }

    @Test func anAnswerThatIsNoneIsUnknown() throws {
        var script = try Script()
        try script.becomeReady()
        try script.prepare()
        _ = script.session.commit()
        guard case .tellOutcomeAndClose(.unknown) = try script.says("354 go on") else {
            Issue.record("354 to the final dot")
            return
        }
    }

    @Test func aConnectionLostBeforeTheDotDefersWithoutSendingIt() throws {
        var script = try Script()
        try script.becomeReady()
        try script.prepare()
        _ = script.session.fail(.connectionLost)
        #expect(script.session.commit() == .tellOutcome(.deferred(SMTPError(.connectionLost, .body))))
    }

    @Test func aServerThatSpeaksBeforeTheDotIsNotSentIt() throws {
        for (text, expected) in [
            ("421 bye", "deferred"), ("452 4.3.1 full", "deferred"), ("552 5.3.4 big", "refused"),
            ("250 ok", "deferred"),
        ] {
            var script = try Script()
            try script.becomeReady()
            try script.prepare()
            guard case .fail = try script.says(text) else {
                Issue.record("the connection goes on")
                continue
            }
            guard case .tellOutcome(let outcome) = script.session.commit() else {
                Issue.record("the dot is sent")
                continue
            }
            #expect("\(outcome)".hasPrefix(expected), "\(text)")
        }
    }

    @Test func onlyAPreparedMessageIsCommitted() throws {
        var script = try Script()
        try script.becomeReady()
        #expect(error(script.session.commit())?.code == .alreadySettled)
        _ = try script.start()
        #expect(error(script.session.commit())?.code == .alreadySettled)
    }

    @Test func aReplyToNothingEndsTheConnection() throws {
        var script = try Script()
        try script.becomeReady()
        #expect(error(try script.says("250 ok"))?.code == .malformedReply)
        #expect(script.session.isOver)
        #expect(error(try script.start())?.concernsConnection == true)
    }
}

@Suite struct SessionOpening {
    private let anne = SMTPConfiguration.Credentials(username: "anne", password: "pass")

    @Test(arguments: ["554 5.7.1 go away", "421 busy", "450 later"]) func refusedAtTheGreeting(_ text: String) throws {
        var script = try Script()
        let told = try #require(error(try script.says(text)))
        #expect(told.phase == .greeting && told.concernsConnection)
    }

    @Test func aServerWithoutEHLOIsGreetedPlainly() throws {
        var script = try Script(.opportunistic)
        _ = try script.says("220 hi")
        #expect(try script.says("502 what") == sending("HELO me.test", .hello))
        #expect(try script.says("250 hi") == .becomeReady)
        var strict = try Script(.required)
        _ = try strict.says("220 hi")
        #expect(error(try strict.says("502 what"))?.code == .tlsUnavailable)
    }

    @Test func startTLSGreetsAgainAndForgetsWhatWasSaidBefore() throws {
        var script = try Script(.required, credentials: anne)
        _ = try script.says("220 hi")
        #expect(try script.says("250-x\n250-AUTH PLAIN\n250 STARTTLS") == sending("STARTTLS", .startTLS))
        #expect(try script.says("220 go") == .secureAndSend(Array("EHLO me.test\r\n".utf8), .hello))
        #expect(error(try script.says("250 x"))?.code == .authenticationUnavailable)
    }

    @Test func tlsIsLeftOutOnlyWhereItMayBe() throws {
        for (encryption, text) in [
            (SMTPConfiguration.Encryption.opportunistic, "250 x"), (.none, "250-x\n250 STARTTLS"),
        ] {
            var script = try Script(encryption)
            _ = try script.says("220 hi")
            #expect(try script.says(text) == .becomeReady)
        }
        var required = try Script(.required)
        _ = try required.says("220 hi")
        #expect(error(try required.says("250 x"))?.code == .tlsUnavailable)
        var refused = try Script(.required)
        _ = try refused.says("220 hi")
        _ = try refused.says("250-x\n250 STARTTLS")
        #expect(error(try refused.says("454 not now"))?.phase == .startTLS)
        var opportunistic = try Script(.opportunistic)
        _ = try opportunistic.says("220 hi")
        _ = try opportunistic.says("250-x\n250 STARTTLS")
        #expect(try opportunistic.says("454 not now") == .becomeReady)
    }

    @Test func credentialsDoNotGoInTheClearUnlessToldSo() throws {
        var script = try Script(.opportunistic, credentials: anne)
        _ = try script.says("220 hi")
        #expect(error(try script.says("250-x\n250 AUTH PLAIN"))?.code == .tlsUnavailable)
    }

    @Test func plainIsPreferredToLogin() throws {
        var script = try Script(credentials: anne)
        _ = try script.says("220 hi")
        #expect(
            try script.says("250-x\n250 AUTH LOGIN PLAIN") == sending("AUTH PLAIN AGFubmUAcGFzcw==", .authentication))
        #expect(try script.says("235 2.7.0 ok") == .becomeReady)
    }

    @Test func loginAsksTwice() throws {
        var script = try Script(credentials: anne)
        _ = try script.says("220 hi")
        #expect(try script.says("250-x\n250 AUTH=LOGIN") == sending("AUTH LOGIN", .authentication))
        #expect(try script.says("334 VXNlcm5hbWU6") == sending("YW5uZQ==", .authentication))
        #expect(try script.says("334 UGFzc3dvcmQ6") == sending("cGFzcw==", .authentication))
        #expect(try script.says("235 ok") == .becomeReady)
    }

    @Test func wrongCredentialsConcernTheConnection() throws {
        var script = try Script(credentials: anne)
        _ = try script.says("220 hi")
        _ = try script.says("250-x\n250 AUTH PLAIN")
        let told = try #require(error(try script.says("535 5.7.8 no")))
        #expect(told.phase == .authentication && told.concernsConnection && !told.isTransient)
    }

    @Test func passwordsAskedForAgainAndAgainAreNotGiven() throws {
        var script = try Script(credentials: anne)
        _ = try script.says("220 hi")
        _ = try script.says("250-x\n250 AUTH PLAIN")
        #expect(error(try script.says("334 more"))?.code == .malformedReply)
    }
}
