namespace UserTcp.Architecture.Tests.Fixtures.Shared;

internal sealed class IsAssigned
{
    public int Count = 1;
}

internal sealed class HasAProperty
{
    public int Count { get; set; }
}

internal sealed class HasAList
{
    public List<int> List { get; } = [];
}

internal sealed class HasAnArray
{
    public readonly byte[] Bytes = [];
}

internal sealed class HasAnInterface
{
    public IDisposable? Anybody { get; init; }
}

internal sealed class HasADelegate
{
    public Action? Call { get; init; }
}

internal sealed class HasItInside
{
    public IsAssigned Inside { get; } = new();
}

internal readonly record struct Pair(int Number, byte[] Bytes);

internal sealed class HasItInAStruct
{
    public Pair? Pair { get; init; }
}

internal abstract class Base
{
    public int Count = 1;
}

internal sealed class InheritsIt : Base
{
    public readonly string Name = "";
}

internal static class IsStatic
{
    public static int Count = 1;
}

internal sealed record Inner(string Name, TimeSpan Time);

internal sealed class Fixed
{
    public const int Number = 1;

    private static readonly int[] s_table = [1, 2];

    [ThreadStatic]
    private static int t_scratch;

    public Inner Inner { get; } = new("", default);

    public (int, Inner)? Pair { get; init; }

    public static int Next() => t_scratch++ + s_table[0];
}
