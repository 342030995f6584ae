using System.Text;

namespace UserTcp.Testing;

/// <summary>A line of <see cref="GoodputMatrix"/>' second table.</summary>
/// <param name="Cell">The path.</param>
/// <param name="Transfers">One item for each length, in the order of the table.</param>
public sealed record ShortTransferResult(GoodputCell Cell, IReadOnlyList<ShortTransfer> Transfers)
{
    /// <summary>The line.</summary>
    /// <returns>The path, and the median and the worst time of each length, in milliseconds.</returns>
    public override string ToString()
    {
        var line = new StringBuilder(Cell.ToString());
        foreach (ShortTransfer transfer in Transfers)
            line.Append($"  {transfer.Median.TotalMilliseconds,9:F1}  {transfer.Worst.TotalMilliseconds,9:F1}");
        return line.ToString();
    }
}

/// <summary>How long transfers of one length took, from the first SYN until the last byte was read.</summary>
/// <param name="Bytes">The length.</param>
/// <param name="Median">Of all runs.</param>
/// <param name="Worst">Of all runs.</param>
public readonly record struct ShortTransfer(int Bytes, TimeSpan Median, TimeSpan Worst);
