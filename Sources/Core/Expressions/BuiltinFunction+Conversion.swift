import Model

/// Conversions between types (language definition, "Standard Definitions").
extension BuiltinFunction {
    func convert(_ value: Value, _ budget: inout StepBudget) throws(Fault) -> Value {
        switch self {
        case .int: return .int(try int(value))
        case .uint: return .uint(try uint(value))
        case .double: return .double(try double(value))
        case .bool: return .bool(try bool(value))
        case .string:
            let text = try string(value)
            try budget.spend(text.utf8.count / 64)
            return .string(text)
        case .bytes: return .bytes(try bytes(value))
        case .timestamp: return try timestamp(value)
        case .duration: return try duration(value)
        case .type: return .type(value.typeValue)
        default: return value
        }
    }

    private func unreadable(_ text: String, _ what: String) -> Fault {
        Fault(.invalidArgument, "the text is not \(what)")
    }

    private var outOfRange: Fault { Fault(.overflow, "the number is out of the range of \(self)") }

    private func int(_ value: Value) throws(Fault) -> Int64 {
        switch value {
        case .int(let number): return number
        case .uint(let number):
            guard let whole = Int64(exactly: number) else { throw outOfRange }
            return whole
        case .double(let number):
            // The standard leaves out the lowest int, which a double cannot be told from its neighbours by.
            guard number > -0x1p63, number < 0x1p63 else { throw outOfRange }
            return Int64(number)
        case .string(let text):
            guard let whole = Int64(text) else { throw unreadable(text, "an int") }
            return whole
        case .timestamp(let at, _): return at.microseconds.flooredDivision(by: 1_000_000).quotient
        default: throw mismatch([value])
        }
    }

    private func uint(_ value: Value) throws(Fault) -> UInt64 {
        switch value {
        case .uint(let number): return number
        case .int(let number):
            guard let whole = UInt64(exactly: number) else { throw outOfRange }
            return whole
        case .double(let number):
            guard number >= 0, number < 0x1p64 else { throw outOfRange }
            return UInt64(number)
        case .string(let text):
            guard let whole = UInt64(text) else { throw unreadable(text, "a uint") }
            return whole
        default: throw mismatch([value])
        }
    }

    private func double(_ value: Value) throws(Fault) -> Double {
        switch value {
        case .double(let number): return number
        case .int(let number): return Double(number)
        case .uint(let number): return Double(number)
        case .string(let text):
            guard let number = Double(text) else { throw unreadable(text, "a double") }
            return number
        default: throw mismatch([value])
        }
    }

    private func bool(_ value: Value) throws(Fault) -> Bool {
        switch value {
        case .bool(let bool): return bool
        case .string("1"), .string("t"), .string("T"), .string("true"), .string("TRUE"), .string("True"): return true
        case .string("0"), .string("f"), .string("F"), .string("false"), .string("FALSE"), .string("False"):
            return false
        case .string(let text): throw unreadable(text, "a bool")
        default: throw mismatch([value])
        }
    }

    private func string(_ value: Value) throws(Fault) -> String {
        switch value {
        case .bytes(let bytes):
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw Fault(.invalidArgument, "the bytes are not UTF-8")
            }
            return text
        case .string, .int, .uint, .double, .bool, .timestamp, .duration, .network:
            return value.text ?? ""
        default: throw mismatch([value])
        }
    }

    private func bytes(_ value: Value) throws(Fault) -> [UInt8] {
        switch value {
        case .bytes(let bytes): return bytes
        case .string(let text): return Array(text.utf8)
        default: throw mismatch([value])
        }
    }

    private func timestamp(_ value: Value) throws(Fault) -> Value {
        switch value {
        case .timestamp: return value
        case .int(let seconds):
            guard let moment = Moment(seconds: seconds, nanoseconds: 0) else { throw outOfRange }
            return try .timestamp(moment)
        case .string(let text):
            guard let moment = Moment(rfc3339: text) else { throw unreadable(text, "a timestamp") }
            return try .timestamp(moment)
        default: throw mismatch([value])
        }
    }

    private func duration(_ value: Value) throws(Fault) -> Value {
        switch value {
        case .duration: return value
        case .int(let seconds):
            guard let moment = Moment(seconds: seconds, nanoseconds: 0) else { throw outOfRange }
            return try .duration(moment)
        case .string(let text):
            guard let moment = Moment(durationLiteral: text) else {
                throw Fault(.invalidArgument, "the text is not a duration")
            }
            return try .duration(moment)
        default: throw mismatch([value])
        }
    }
}
