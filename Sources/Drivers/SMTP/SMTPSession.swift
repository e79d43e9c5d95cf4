/// One SMTP connection from the client's side, as a value: replies and wishes go in, what to do comes out.
///
/// ```
/// greeting → hello → [startTLS → hello] → [authentication] → ready
/// ready → transaction → sendingBody → prepared → finalDot → ready
///         transaction → resetting → ready                       (the message was refused)
/// ready → quitting;   any → over                                (the connection is done for)
/// ```
/// A reply that nothing was asked for ends the connection: it could pass for the answer to what comes next.
struct SMTPSession {
    enum Action: Hashable {
        /// Send the bytes, then await a reply for as long as the phase allows.
        case send([UInt8], SMTPPhase)
        /// Await another reply.
        case awaitReply(SMTPPhase)
        /// Forget all input so far, put TLS beneath, then as `send`.
        case secureAndSend([UInt8], SMTPPhase)
        /// The connection can take a delivery.
        case becomeReady
        /// Send the message, then say `bodySent`.
        case sendBody
        /// All but the final dot is done.
        case tellPrepared
        /// This delivery failed; the connection can take another.
        case tellRejected(SMTPError)
        case tellOutcome(SMTPOutcome)
        /// Tell the outcome and close.
        case tellOutcomeAndClose(SMTPOutcome)
        /// Tell whoever waits, if anybody does, and close.
        case fail(SMTPError)
        case close
        case nothing
    }

    struct Delivery: Hashable {
        let envelope: SMTPEnvelope
        let size: Int
        let hasEightBitBytes: Bool
    }

    private enum State {
        case greeting
        case hello
        /// HELO, after a server that knows no EHLO.
        case plainHello
        case startTLS
        case authentication(rest: [[UInt8]])
        case ready
        case transaction(Transaction)
        case sendingBody
        case prepared
        case finalDot
        /// RSET is sent; the error is told when it is answered.
        case resetting(SMTPError)
        case quitting
        case over(SMTPError)
    }

    /// Commands sent and not answered, commands to be sent, and the first refusal.
    private struct Transaction {
        var unanswered: [SMTPPhase]
        var unsent: [(SMTPPhase, [UInt8])]
        var error: SMTPError?
    }

    private let configuration: SMTPConfiguration
    private var state = State.greeting
    private var capabilities = SMTPCapabilities()
    private var isSecured: Bool

    init(_ configuration: SMTPConfiguration) {
        self.configuration = configuration
        isSecured = configuration.encryption == .implicit
    }

    /// The connection stands; the server speaks first.
    func begin() -> Action { .awaitReply(.greeting) }

    /// Whether no delivery can begin any more.
    var isOver: Bool {
        switch state {
        case .over, .quitting: true
        default: false
        }
    }

    // MARK: - Wishes

    /// Begins a delivery. In any state but ready the connection is lost to it, and nothing of it was tried.
    mutating func start(_ delivery: Delivery) -> Action {
        guard case .ready = state else {
            return .fail(SMTPError(.connectionLost, .idle, cause: currentError.map { "\($0)" }))
        }
        if let limit = capabilities.size, limit > 0, delivery.size > limit {
            return .tellRejected(SMTPError(.messageTooLarge, .mail))
        }
        if delivery.hasEightBitBytes, !capabilities.eightBitMIME {
            return .tellRejected(SMTPError(.eightBitUnsupported, .mail))
        }
        let commands = [
            (SMTPPhase.mail, SMTPCommand.mail(delivery, capabilities)),
            (.recipient, SMTPCommand.recipient(delivery.envelope)), (.data, SMTPCommand.data),
        ]
        let together = capabilities.pipelining ? commands.count : 1
        state = .transaction(
            Transaction(unanswered: commands.prefix(together).map(\.0), unsent: Array(commands.dropFirst(together))))
        return .send(commands.prefix(together).flatMap(\.1), .mail)
    }

    /// The whole message is on its way to the server.
    mutating func bodySent() -> Action {
        guard case .sendingBody = state else { return .nothing }
        state = .prepared
        return .tellPrepared
    }

    /// Sends the final dot, if the message is prepared; else nothing was sent and the outcome says so.
    mutating func commit() -> Action {
        switch state {
        case .prepared:
            state = .finalDot
            return .send(SMTPCommand.finalDot, .finalDot)
        case .over(let error):
            return .tellOutcome(error.isTransient || error.concernsConnection ? .deferred(error) : .refused(error))
        default:
            return .tellOutcome(.deferred(SMTPError(.alreadySettled, .finalDot)))
        }
    }

    /// Takes leave if nothing is under way, else just closes.
    mutating func quit() -> Action {
        switch state {
        case .ready:
            state = .quitting
            return .send(SMTPCommand.quit, .quit)
        case .quitting: return .nothing
        default: return .close
        }
    }

    /// The connection broke, timed out or sent nonsense.
    mutating func fail(_ code: SMTPError.Code, cause: String? = nil) -> Action {
        let error = SMTPError(code, phase, cause: cause)
        switch state {
        case .over: return .close
        case .quitting:
            state = .over(error)
            return .close
        case .resetting(let refusal):
            // The message was refused whatever befell the connection afterwards.
            state = .over(error)
            return .fail(refusal)
        case .finalDot:
            state = .over(error)
            return .tellOutcomeAndClose(.unknown(error))
        default: return over(error)
        }
    }

    /// What is being done, as errors name it.
    var phase: SMTPPhase {
        switch state {
        case .greeting: .greeting
        case .hello, .plainHello: .hello
        case .startTLS: .startTLS
        case .authentication: .authentication
        case .ready: .idle
        case .transaction(let transaction): transaction.unanswered.first ?? .mail
        case .sendingBody, .prepared: .body
        case .finalDot: .finalDot
        case .resetting: .reset
        case .quitting: .quit
        case .over(let error): error.phase
        }
    }

    private var currentError: SMTPError? {
        if case .over(let error) = state { error } else { nil }
    }

    private mutating func over(_ error: SMTPError) -> Action {
        state = .over(error)
        return .fail(error)
    }

    // MARK: - Replies

    mutating func received(_ reply: SMTPReply) -> Action {
        if reply.closesConnection, let action = closing(reply) { return action }
        switch state {
        case .greeting: return greeted(reply)
        case .hello: return helloAnswered(reply)
        case .plainHello:
            return reply.isPositive ? authenticate() : over(SMTPError(.refused, .hello, reply: reply))
        case .startTLS: return startTLSAnswered(reply)
        case .authentication(let rest): return authenticationAnswered(reply, rest)
        case .transaction(let transaction): return transactionAnswered(reply, transaction)
        case .sendingBody, .prepared: return interrupted(reply)
        case .finalDot: return finalDotAnswered(reply)
        case .resetting(let refusal):
            guard reply.isPositive else { return over(refusal) }
            state = .ready
            return .tellRejected(refusal)
        case .ready: return over(SMTPError(.malformedReply, .idle, reply: reply, cause: "a reply to nothing"))
        case .quitting:
            state = .over(SMTPError(.connectionLost, .quit))
            return .close
        case .over: return .nothing
        }
    }

    /// 421, which may come at any time.
    private mutating func closing(_ reply: SMTPReply) -> Action? {
        let error = SMTPError(.refused, phase, reply: reply)
        switch state {
        case .quitting, .over: return nil
        case .finalDot:
            state = .over(error)
            return .tellOutcomeAndClose(.deferred(error))
        case .resetting(let refusal): return over(refusal)
        default: return over(error)
        }
    }

    private mutating func greeted(_ reply: SMTPReply) -> Action {
        guard reply.code == 220 else { return over(SMTPError(.refused, .greeting, reply: reply)) }
        state = .hello
        return .send(SMTPCommand.hello(configuration.helo), .hello)
    }

    private mutating func helloAnswered(_ reply: SMTPReply) -> Action {
        guard reply.isPositive else {
            guard reply.isPermanentRefusal else { return over(SMTPError(.refused, .hello, reply: reply)) }
            if !isSecured, configuration.encryption == .required { return over(SMTPError(.tlsUnavailable, .hello)) }
            capabilities = SMTPCapabilities()
            state = .plainHello
            return .send(SMTPCommand.plainHello(configuration.helo), .hello)
        }
        capabilities = SMTPCapabilities(reply)
        guard !isSecured, configuration.encryption != .none else { return authenticate() }
        if capabilities.startTLS {
            state = .startTLS
            return .send(SMTPCommand.startTLS, .startTLS)
        }
        return configuration.encryption == .required ? over(SMTPError(.tlsUnavailable, .startTLS)) : authenticate()
    }

    private mutating func startTLSAnswered(_ reply: SMTPReply) -> Action {
        guard reply.code == 220 else {
            if configuration.encryption == .required { return over(SMTPError(.refused, .startTLS, reply: reply)) }
            return authenticate()
        }
        // What was said in the clear counts for nothing (RFC 3207, section 4.2).
        isSecured = true
        capabilities = SMTPCapabilities()
        state = .hello
        return .secureAndSend(SMTPCommand.hello(configuration.helo), .hello)
    }

    private mutating func authenticate() -> Action {
        guard let credentials = configuration.credentials else { return becomeReady() }
        guard isSecured || configuration.encryption == .none else {
            return over(SMTPError(.tlsUnavailable, .authentication, cause: "credentials go over TLS only"))
        }
        if capabilities.mechanisms.contains("PLAIN") {
            state = .authentication(rest: [])
            return .send(SMTPCommand.authenticatePlain(credentials), .authentication)
        }
        if capabilities.mechanisms.contains("LOGIN") {
            state = .authentication(rest: SMTPCommand.loginAnswers(credentials))
            return .send(SMTPCommand.authenticateLogin, .authentication)
        }
        return over(SMTPError(.authenticationUnavailable, .authentication))
    }

    private mutating func authenticationAnswered(_ reply: SMTPReply, _ rest: [[UInt8]]) -> Action {
        if reply.isPositive, rest.isEmpty { return becomeReady() }
        guard reply.code == 334, let answer = rest.first else {
            let code: SMTPError.Code = reply.code >= 400 ? .refused : .malformedReply
            return over(SMTPError(code, .authentication, reply: reply))
        }
        state = .authentication(rest: Array(rest.dropFirst()))
        return .send(answer, .authentication)
    }

    private mutating func becomeReady() -> Action {
        state = .ready
        return .becomeReady
    }

    /// Each reply is checked against its own command, in pipelines too (RFC 2920, section 3.1).
    private mutating func transactionAnswered(_ reply: SMTPReply, _ transaction: Transaction) -> Action {
        var transaction = transaction
        let phase = transaction.unanswered.removeFirst()
        let isGranted = phase == .data ? reply.code == 354 : reply.isPositive
        if !isGranted, transaction.error == nil { transaction.error = Self.refusal(reply, phase) }
        if let next = transaction.unanswered.first {
            state = .transaction(transaction)
            return .awaitReply(next)
        }
        if let error = transaction.error { return refused(error, dataIsOpen: phase == .data && isGranted) }
        guard let (next, command) = transaction.unsent.first else {
            state = .sendingBody
            return .sendBody
        }
        transaction.unsent.removeFirst()
        transaction.unanswered = [next]
        state = .transaction(transaction)
        return .send(command, next)
    }

    private mutating func refused(_ error: SMTPError, dataIsOpen: Bool) -> Action {
        // A server that wants data though it refused the recipient would deliver even an empty message to nobody knows
        // whom; and one whose replies make no sense is not asked again.
        if dataIsOpen || error.code == .malformedReply { return over(error) }
        state = .resetting(error)
        return .send(SMTPCommand.reset, .reset)
    }

    /// The server speaks before the final dot: it gives up on the message, or on us.
    private mutating func interrupted(_ reply: SMTPReply) -> Action { over(Self.refusal(reply, .body)) }

    private mutating func finalDotAnswered(_ reply: SMTPReply) -> Action {
        let error = Self.refusal(reply, .finalDot)
        if error.code == .malformedReply, !reply.isPositive {
            state = .over(error)
            return .tellOutcomeAndClose(.unknown(error))
        }
        state = .ready
        if reply.isPositive { return .tellOutcome(.accepted(reply)) }
        return .tellOutcome(reply.isPermanentRefusal ? .refused(error) : .deferred(error))
    }

    private static func refusal(_ reply: SMTPReply, _ phase: SMTPPhase) -> SMTPError {
        SMTPError(reply.code >= 400 ? .refused : .malformedReply, phase, reply: reply)
    }
}
