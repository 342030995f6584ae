namespace UserTcp.Architecture.Tests.Support;

/// <summary>
/// One mention of a type in the compiled code. Types are named as reflection does: <c>Namespace.Outer+Inner`1</c>.
/// </summary>
/// <param name="Source">The type that mentions.</param>
/// <param name="Member">Where in it: a field, a method, or empty for the declaration itself.</param>
/// <param name="Target">The type that is mentioned.</param>
/// <param name="TargetMember">The member that is called or accessed; empty for a mere mention.</param>
/// <param name="IsField">Whether a field of the source is declared with it.</param>
/// <param name="IsLocal">Whether the target is declared in the same assembly.</param>
internal readonly record struct TypeReference(
    string Source, string Member, string Target, string TargetMember, bool IsField, bool IsLocal)
{
    /// <summary>The type without the types it is nested in: what a source file declares at its left margin.</summary>
    public static string Outermost(string type) => type.Split('+')[0];

    public override string ToString() => $"{Dotted(Source, Member)} → {Dotted(Target, TargetMember)}";

    private static string Dotted(string type, string member) => member.Length > 0 ? $"{type}.{member}" : type;
}
