import Patterns

extension LinearPattern {
    /// Compiles a pattern that an expression gives.
    ///
    /// - Throws: what is wrong with it.
    static func compiled(_ pattern: String) throws(Fault) -> LinearPattern {
        do throws(PatternError) {
            return try LinearPattern(pattern)
        } catch {
            throw Fault(.invalidArgument, error.description)
        }
    }
}
