/** The lab's authority, whose keys everybody has: a folder of the checkout. */
export const LAB_AUTHORITY = 'image/lab-ca';

/** In the folder of an authority: its certificate, PEM. */
export const AUTHORITY_CERTIFICATE = 'ca.pem';

/** Whom the images of an installed program are signed by, below its folder: PEM. */
export const INSTALLED_AUTHORITY = 'image/authority.pem';
