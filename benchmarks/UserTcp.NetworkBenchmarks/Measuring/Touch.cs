namespace UserTcp.NetworkBenchmarks.Measuring;

/// <summary>The work of an application with the bytes that it gets: it looks at them.</summary>
internal static class Touch
{
    private static long s_zeros;

    public static void Every(ReadOnlySpan<byte> bytes) => s_zeros += bytes.Count((byte)0);
}
