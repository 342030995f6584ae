using System.Globalization;
using System.Text;

namespace UserTcp.Tool.Dump;

/// <summary>Octets as tcpdump's <c>-x</c> shows them: sixteen in a line, in pairs, behind their offset.</summary>
internal static class HexText
{
    private const int Width = 16;

    public static IEnumerable<string> Lines(ReadOnlyMemory<byte> bytes)
    {
        for (int at = 0; at < bytes.Length; at += Width)
        {
            var line = new StringBuilder();
            line.Append(CultureInfo.InvariantCulture, $"\t0x{at:x4}: ");
            ReadOnlySpan<byte> part = bytes.Span[at..Math.Min(at + Width, bytes.Length)];
            for (int i = 0; i < part.Length; i++)
            {
                line.Append(i % 2 == 0 ? " " : "").Append(part[i].ToString("x2", CultureInfo.InvariantCulture));
            }

            yield return line.ToString();
        }
    }
}
