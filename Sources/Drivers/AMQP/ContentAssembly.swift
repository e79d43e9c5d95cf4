/// Puts the frames of one channel together: a method, its header, and its body in any number of pieces (AMQP 0-9-1,
/// 4.2.6.1). A value without sockets.
struct ContentAssembly<Head> {
    enum Fault: Error, Equatable {
        case unexpectedFrame
    }

    private enum State {
        case idle
        case awaitingHeader(Head)
        case awaitingBody(Head, remaining: UInt64)
    }

    private var state = State.idle
    private var body: [UInt8] = []

    /// Memory set aside before the body is there; a header can announce more than is ever sent.
    private static var reservation: UInt64 { 16 << 20 }

    mutating func begin(_ head: Head) throws(Fault) {
        guard case .idle = state else { throw .unexpectedFrame }
        state = .awaitingHeader(head)
    }

    /// Takes the header; answers the whole content when the body is empty.
    mutating func header(bodySize: UInt64, complete: (inout Head) -> Void) throws(Fault) -> (Head, [UInt8])? {
        guard case .awaitingHeader(var head) = state else { throw .unexpectedFrame }
        complete(&head)
        state = .awaitingBody(head, remaining: bodySize)
        body = []
        body.reserveCapacity(Int(min(bodySize, Self.reservation)))
        return finished()
    }

    /// Copies one piece; answers the whole content with the last.
    mutating func append(_ piece: UnsafeRawBufferPointer) throws(Fault) -> (Head, [UInt8])? {
        guard case .awaitingBody(let head, let remaining) = state, piece.count <= remaining else {
            throw .unexpectedFrame
        }
        body.append(contentsOf: piece)
        state = .awaitingBody(head, remaining: remaining - UInt64(piece.count))
        return finished()
    }

    private mutating func finished() -> (Head, [UInt8])? {
        guard case .awaitingBody(let head, 0) = state else { return nil }
        state = .idle
        defer { body = [] }
        return (head, body)
    }
}
