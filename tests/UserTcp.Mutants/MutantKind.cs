namespace UserTcp.Mutants;

/// <summary>The kinds of changes.</summary>
internal enum MutantKind
{
    /// <summary>A binary operator becomes another one.</summary>
    Operator,

    /// <summary>A condition becomes its opposite.</summary>
    Negate,

    /// <summary>A number becomes its successor, or a truth value the other one.</summary>
    Literal,

    /// <summary><c>Min</c> becomes <c>Max</c>, and the other way round.</summary>
    Bound,

    /// <summary>A compound assignment, or a step of one, goes in the other direction.</summary>
    Assignment,

    /// <summary>A statement is left out.</summary>
    Delete,
}
