/// The exchange in which something happened; each has its own time-out (RFC 5321, section 4.5.3.2).
public enum SMTPPhase: String, Sendable, Hashable, CaseIterable {
    case connect
    case greeting
    case hello = "EHLO"
    case startTLS = "STARTTLS"
    case authentication = "AUTH"
    case mail = "MAIL"
    case recipient = "RCPT"
    case data = "DATA"
    /// The message itself, up to but without the final dot.
    case body
    case finalDot = "final dot"
    case reset = "RSET"
    case quit = "QUIT"
    /// Between deliveries.
    case idle
}
