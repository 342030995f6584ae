namespace UserTcp.Testing;

/// <summary>A line of <see cref="GoodputMatrix"/>' first table.</summary>
/// <param name="Cell">The path.</param>
/// <param name="BitsPerSecond">The text that arrived between seconds 10 and 40.</param>
public sealed record GoodputResult(GoodputCell Cell, double BitsPerSecond)
{
    /// <summary>The share of <see cref="GoodputCell.Bound"/> that was reached; 1 is all of it.</summary>
    public double Share => BitsPerSecond / Cell.Bound;

    /// <summary>The line.</summary>
    /// <returns>The path, the goodput and its bound in Mbit/s, and the share of it.</returns>
    public override string ToString() => $"{Cell}  {BitsPerSecond / 1e6,8:F3}  {Cell.Bound / 1e6,8:F3}  {Share,7:P1}";
}
