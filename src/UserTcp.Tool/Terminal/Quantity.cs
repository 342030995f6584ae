using System.Globalization;

namespace UserTcp.Tool.Terminal;

/// <summary>Numbers with their units, for people.</summary>
internal static class Quantity
{
    private static readonly string[] s_binary = ["Bytes", "KBytes", "MBytes", "GBytes", "TBytes"];
    private static readonly string[] s_decimal = ["", "K", "M", "G", "T"];

    /// <summary>An amount as iperf3 has it: three digits, powers of 1024.</summary>
    public static string Bytes(double bytes) => Scale(bytes, 1024, s_binary);

    /// <summary>A rate as iperf3 has it: three digits, powers of 1000.</summary>
    public static string BitsPerSecond(double bits) => Scale(bits, 1000, s_decimal) + "bits/sec";

    public static string Milliseconds(TimeSpan time) =>
        string.Create(CultureInfo.InvariantCulture, $"{time.TotalMilliseconds:0.###} ms");

    public static string Seconds(TimeSpan time) =>
        string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.00} s");

    public static string Count(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    private static string Scale(double value, int step, string[] units)
    {
        int unit = 0;
        while (value >= step && unit < units.Length - 1)
        {
            value /= step;
            unit++;
        }

        string format = value < 9.995 ? "0.00" : value < 99.95 ? "0.0" : "0";
        return $"{value.ToString(format, CultureInfo.InvariantCulture)} {units[unit]}";
    }
}
