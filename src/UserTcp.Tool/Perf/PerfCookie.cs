using System.Security.Cryptography;
using System.Text;

namespace UserTcp.Tool.Perf;

/// <summary>Which connections belong to one test: 36 characters and a zero, first on each of them.</summary>
internal static class PerfCookie
{
    public const int Size = 37;
    private const string Letters = "abcdefghijklmnopqrstuvwxyz234567";

    public static string Create() => RandomNumberGenerator.GetString(Letters, Size - 1);

    public static byte[] ToBytes(string cookie) => [.. Encoding.ASCII.GetBytes(cookie), 0];

    public static string Parse(ReadOnlySpan<byte> bytes) => Encoding.ASCII.GetString(bytes[..(Size - 1)]);
}
